"""Whether the machine has time to spare for a challenger: a plain rule over looks, and where the looks come from."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from stream.spare.production import FEWEST_WAITING

LOOK_SECONDS: Final = 1.0
"""At least so long between two looks at the processors: shorter spans jump."""


@dataclass(frozen=True, slots=True)
class SpareLimits:
    """When a shadow rests, and when it goes on again."""

    idle_below: float = 0.1
    """Share of all processors that nothing of normal priority uses; below it, the shadow rests."""
    idle_above: float = 0.2
    behind_frames: int = FEWEST_WAITING
    """So many waiting frames are never a backlog of production."""
    calm_looks: int = 3
    """So many good looks in a row, before it goes on."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the machine and production were at one moment."""

    idle: float | None
    """Share of the processors without work of normal priority since the look before; None where it is not known."""
    behind: bool = False
    """Production has more frames waiting than it has in hand."""


@dataclass(slots=True)
class SpareTime:
    """Decides look by look; what it decided before counts, so that a shadow does not flicker."""

    limits: SpareLimits = field(default_factory=SpareLimits)
    resting: str | None = None
    """Why the shadow rests; None while it works."""
    _calm: int = 0

    def decide(self, look: Look) -> str | None:
        """Why the shadow rests now, in words; None when it may work."""
        reason = find_reason(look, self.limits, resting=self.resting is not None)
        if reason is not None:
            self.resting, self._calm = reason, 0
        elif self.resting is not None:
            self._calm += 1
            if self._calm >= self.limits.calm_looks:
                self.resting = None
        return self.resting


def find_reason(look: Look, limits: SpareLimits, *, resting: bool) -> str | None:
    """Whoever rests already must see more spare time than made it rest."""
    idle = limits.idle_above if resting else limits.idle_below
    if look.idle is not None and look.idle < idle:
        return f"the processors are busy: {look.idle:.0%} idle"
    return "production is behind" if look.behind else None


@dataclass(slots=True)
class Processors:
    """Looks at the processors' clocks, in which the time of niced processes, the shadow's own too, counts as idle."""

    _before: tuple[float, float] | None = None
    _looked_at: float = float("-inf")
    _idle: float | None = None

    def idle(self) -> float | None:
        """Since the look before; the same answer for a second."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            free, total = count_times(psutil.cpu_times()._asdict())
            if self._before is not None and total > self._before[1]:
                self._idle = (free - self._before[0]) / (total - self._before[1])
            self._before, self._looked_at = (free, total), now
        return self._idle


def count_times(times: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds that were free or niced, and all there were, from the fields of the processors' clocks."""
    counted = {name: float(value) for name, value in times.items() if name not in ("guest", "guest_nice")}
    return sum(counted.get(name, 0.0) for name in ("idle", "iowait", "nice")), sum(counted.values())

"""Whether a part that the worker needs answers, and since when it does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stream.http import Check

SILENT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Known:
    heard_at: float | None = None
    lost_at: float | None = None
    words: str = ""


class Contact:
    """Written by whoever talks with the part, read by whoever asks; each change is one assignment."""

    def __init__(
        self, unheard: str, *, silent_seconds: float = SILENT_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._unheard = unheard
        self._silent_seconds = silent_seconds
        self._clock = clock
        self._known = _Known()

    def heard(self) -> None:
        """It answered."""
        self._known = _Known(heard_at=self._clock())

    def lost(self, words: str) -> None:
        """It did not answer; the first time since it last did begins the count."""
        known = self._known
        since = self._clock() if known.lost_at is None else known.lost_at
        self._known = _Known(known.heard_at, since, words)

    @property
    def away(self) -> bool:
        return self._known.lost_at is not None

    def silent_for(self) -> float | None:
        """Seconds since it last answered; None when it never did."""
        heard_at = self._known.heard_at
        return None if heard_at is None else self._clock() - heard_at

    def check(self) -> Check:
        """Ok when it answered lately and was not lost since."""
        known = self._known
        if known.lost_at is not None:
            return Check(ok=False, reason=f"away since {say_seconds(self._clock() - known.lost_at)}: {known.words}")
        silent = self.silent_for()
        if silent is None:
            return Check(ok=False, reason=self._unheard)
        if silent > self._silent_seconds:
            return Check(ok=False, reason=f"no answer since {say_seconds(silent)}")
        return Check(ok=True)


def say_seconds(seconds: float) -> str:
    """`12 s`, `3 min` or `5 h`: what a person can take in at a glance."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"

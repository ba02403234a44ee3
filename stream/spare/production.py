"""Whether production is behind: what its ledger says against the ends of the partitions, look by look."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stream.accounting.ledgers import Ledger, read_ledger
from stream.messages import FRAMES_TOPIC, GROUP
from stream.store import PredictionStore

MEMORY_SECONDS: Final = 10.0
"""A group that moved nothing for so long is not served; nobody is in its way."""
FEWEST_WAITING: Final = 64
"""Fewer are never a backlog."""
WAITING_SECONDS: Final = 0.5
"""Frames that were read at this rate may wait so long: two of a worker's longest batches. They grow so long only where
frames wait."""


@dataclass(frozen=True, slots=True)
class Group:
    """How far a consumer group was at one look."""

    read: int
    """Offsets accounted for, over all partitions."""
    dropped: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Look:
    """Every consumer group of production at one moment."""

    at: float
    """Monotonic seconds."""
    groups: Mapping[str, Group]


def read_production(store: PredictionStore) -> Ledger:
    """The ledger of production's groups. Raises StoreError when the store is away."""
    return {name: entries for name, entries in read_ledger(store, FRAMES_TOPIC).items() if name.startswith(GROUP)}


def build_look(at: float, ledger: Ledger, ends: Mapping[int, int]) -> Look:
    """`ends` by partition; in one that is not known nothing waits."""
    return Look(
        at,
        {
            name: Group(
                read=sum(entry.next_offset for entry in entries.values()),
                dropped=sum(entry.dropped for entry in entries.values()),
                waiting=sum(
                    max(0, ends[number] - entry.next_offset) for number, entry in entries.items() if number in ends
                ),
            )
            for name, entries in ledger.items()
        },
    )


def is_behind(looks: Sequence[Look], fewest_waiting: int = FEWEST_WAITING) -> bool:
    """Whether some group that is being served has more waiting than it has in hand, or drops frames.

    Looks of the last ten seconds, the oldest first.
    """
    if len(looks) < 2:
        return False
    oldest, before, now = looks[0], looks[-2], looks[-1]
    for name, group in now.groups.items():
        first, last = oldest.groups.get(name, group), before.groups.get(name, group)
        moved = group.read - first.read
        if moved <= 0:
            continue
        rate = moved / max(now.at - oldest.at, 1e-3)
        if group.dropped > last.dropped or group.waiting > max(fewest_waiting, WAITING_SECONDS * rate):
            return True
    return False


@dataclass(slots=True)
class Looks:
    """The looks of the last ten seconds."""

    fewest_waiting: int = FEWEST_WAITING
    _looks: deque[Look] = field(default_factory=deque)

    def add(self, look: Look) -> bool:
        """Whether production is behind by now."""
        self._looks.append(look)
        while look.at - self._looks[0].at > MEMORY_SECONDS:
            self._looks.popleft()
        return is_behind(tuple(self._looks), self.fewest_waiting)

"""Which frames of realtime cameras are too old to be answered. Plain decisions; nothing here knows Kafka or Faust.

A frame's age is told by this process's own steady clock, from when its partition was seen to reach its offset. What a
camera says of its time only refines that: with a clock that is wrong or steps, ages stay right to within the time
between two looks at the partition.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Final

from stream.messages import Headers, Mode, Position

Modes = Mapping[str, Mode]
"""Camera id to its mode; a camera that is not there is lossless."""

OLDEST_SECONDS: Final = 0.25
"""A realtime frame that waited longer is dropped when its partition holds a newer one."""
FRESH_SECONDS: Final = 0.1
"""Once behind, frames are dropped until one is no older than this: better a few fresh ones than all at the limit."""
LATE_SECONDS: Final = 0.6
"""The same in flight: only while everything stands still, as with a store that is locked, does a frame wait so long."""
MOST_KNOWN: Final = 128


@dataclass(frozen=True, slots=True)
class DroppedFrame:
    """A realtime frame that was too old to be answered."""

    position: Position
    camera_id: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a frame now."""

    answer: bool
    aged: DroppedFrame | None = None
    """The frame as it is dropped, now or when it grows too old in flight; None for one that never is."""


ANSWER: Final = Verdict(True)


@dataclass(frozen=True, slots=True)
class FrameHead:
    """What can be told of a frame without opening its value."""

    position: Position
    camera_id: str | None
    mode: Mode | None
    """As the frame itself says."""
    captured_at: float | None
    """Seconds since 1970 by the camera's clock, or by that of who sent it."""


@dataclass(slots=True)
class PartitionClock:
    """When the frames of one partition arrived, from what was known of its end and when (monotonic seconds)."""

    _reached: deque[tuple[float, int]] = field(default_factory=deque)
    """At that time the partition was known to reach up to, not including, that offset."""
    _not_beyond: deque[tuple[float, int]] = field(default_factory=deque)
    """At that time it did not reach any further."""
    _asked_at: float = float("-inf")

    def reach(self, end: int, now: float) -> None:
        """The last word on the partition's end; it may be a while old."""
        if not self._reached or end > self._reached[-1][1]:
            _keep(self._reached, (now, end))
            # this word came after the one before was read, and nothing is ever taken away at the end
            self.stop(end, self._asked_at)
        self._asked_at = now

    def stop(self, end: int, at: float) -> None:
        """Nothing from `end` on was there at that time."""
        stops = self._not_beyond
        while stops and stops[-1][0] <= at and stops[-1][1] >= end:
            stops.pop()
        if not stops or (stops[-1][0] < at and stops[-1][1] < end):
            _keep(stops, (at, end))

    def ages(self, offset: int, now: float) -> tuple[float, float]:
        """The youngest and the oldest that the frame at `offset` can be, seconds."""
        known_since = next((at for at, end in self._reached if end > offset), now)
        not_before = next((at for at, end in reversed(self._not_beyond) if end <= offset), float("-inf"))
        return now - known_since, now - not_before

    def forget(self, offset: int) -> None:
        """Nothing below `offset` is asked any more."""
        while self._reached and self._reached[0][1] <= offset:
            self._reached.popleft()
        while len(self._not_beyond) > 1 and self._not_beyond[1][1] <= offset:
            self._not_beyond.popleft()


def _keep(known: deque[tuple[float, int]], new: tuple[float, int]) -> None:
    known.append(new)
    if len(known) > MOST_KNOWN:
        del known[len(known) // 2]  # the bounds around it grow a little wider


@dataclass(slots=True)
class Freshness:
    """Judges the frames of every partition in the order of their offsets."""

    modes: Callable[[], Modes] = dict
    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    oldest_seconds: float = OLDEST_SECONDS
    fresh_seconds: float = FRESH_SECONDS
    _clocks: dict[tuple[str, int], PartitionClock] = field(default_factory=dict)
    _behind: set[tuple[str, int]] = field(default_factory=set)

    def watched(self) -> list[tuple[str, int]]:
        """Partitions that realtime frames were read from."""
        return list(self._clocks)

    def nothing_beyond(self, partition: tuple[str, int], end: int, *, ago_seconds: float = 0.0) -> None:
        """So many seconds ago the partition ended at `end`."""
        self._clocks.setdefault(partition, PartitionClock()).stop(end, self.steady() - ago_seconds)

    def judge(self, head: FrameHead, end: int | None) -> Verdict:
        """Whether the frame is to be answered. `end` is the last word on where its partition ends.

        A lossless frame always is, and so is the last frame that is known of a partition, however old it is.
        """
        position = head.position
        if head.camera_id is None or (head.mode or self.modes().get(head.camera_id)) != "realtime":
            return ANSWER
        partition = (position.topic, position.partition)
        clock, now = self._clocks.setdefault(partition, PartitionClock()), self.steady()
        clock.reach(end or 0, now)
        if end is None or position.offset + 1 >= end:
            self._behind.discard(partition)
            return ANSWER
        clock.forget(position.offset)
        youngest, oldest = clock.ages(position.offset, now)
        said = None if head.captured_at is None else self.wall() - head.captured_at
        age = tell_age(said, youngest, oldest)
        limit = self.fresh_seconds if partition in self._behind else self.oldest_seconds
        if age > limit:
            self._behind.add(partition)
            return Verdict(False, DroppedFrame(position, head.camera_id, age))
        self._behind.discard(partition)
        return Verdict(True, DroppedFrame(position, head.camera_id, age))


def tell_age(said: float | None, youngest: float, oldest: float) -> float:
    """What the camera's clock says where that can be; a clock that is wrong is no reason to serve old frames."""
    if said is not None and youngest <= said <= oldest:
        return said
    return oldest if isfinite(oldest) else youngest


def read_head(
    position: Position,
    key: bytes | None,
    headers: Sequence[tuple[str, bytes | None]] | Headers,
    timestamp: float | None,
) -> FrameHead:
    """The camera is named in the headers (v2) or is the key (v1). A frame without a readable one is lossless."""
    named = dict(headers)
    camera_id = _text(named.get("camera_id")) or _text(key)
    mode = named.get("mode")
    captured_at = _moment(named.get("captured_at")) if "captured_at" in named else timestamp
    return FrameHead(
        position,
        camera_id,
        "realtime" if mode == b"realtime" else "lossless" if mode == b"lossless" else None,
        captured_at,
    )


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode("utf-8") if value else None
    except UnicodeDecodeError:
        return None


def _moment(value: bytes | None) -> float | None:
    try:
        moment = datetime.fromisoformat((value or b"").decode("ascii"))
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None

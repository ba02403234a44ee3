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
from typing import Final, Literal

from stream.messages import Headers, Position

Mode = Literal["realtime", "lossless"]
Modes = Mapping[str, Mode]
"""Camera id to its mode; a camera that is not there is lossless."""

OLDEST_SECONDS: Final = 0.35
"""A realtime frame that waited longer is dropped when its partition holds a newer one."""
FRESH_SECONDS: Final = 0.1
"""Once behind, frames are dropped until one is no older than this: better a few fresh ones than all at the limit."""
LATE_SECONDS: Final = 0.6
"""The same in flight: only while everything stands still, as with a store that is locked, does a frame wait so long."""
MOST_LOOKS: Final = 128


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
    """When the frames of one partition arrived: looks at its end, oldest first."""

    _looks: deque[tuple[float, int]] = field(default_factory=deque)

    def look(self, end: int, now: float) -> None:
        """The partition reaches up to, not including, `end`, at `now` (monotonic seconds)."""
        looks = self._looks
        if looks and (end < looks[-1][1] or now < looks[-1][0]):
            return
        if len(looks) > 1 and looks[-2][1] == looks[-1][1] == end:
            looks.pop()  # the first and the last look at an end tell all
        looks.append((now, end))
        if len(self._looks) > MOST_LOOKS:
            self._looks = deque(list(self._looks)[::2])

    def ages(self, offset: int, now: float) -> tuple[float, float]:
        """The youngest and the oldest that the frame at `offset` can be, seconds."""
        youngest, oldest = 0.0, float("inf")
        for seen_at, end in self._looks:
            if end > offset:
                youngest = now - seen_at
                break
            oldest = now - seen_at
        return youngest, oldest

    def forget(self, offset: int) -> None:
        """Nothing below `offset` is asked any more."""
        while len(self._looks) > 1 and self._looks[1][1] <= offset:
            self._looks.popleft()


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

    def look(self, partition: tuple[str, int], end: int | None, *, ago_seconds: float = 0.0) -> None:
        """The partition reaches up to `end`, or did some seconds ago."""
        if end is not None:
            self._clocks.setdefault(partition, PartitionClock()).look(end, self.steady() - ago_seconds)

    def judge(self, head: FrameHead, end: int | None) -> Verdict:
        """Whether the frame is to be answered. `end` is where its partition is known to end.

        A lossless frame always is, and so is the last frame that is known of a partition, however old it is.
        """
        position = head.position
        if head.camera_id is None or (head.mode or self.modes().get(head.camera_id)) != "realtime":
            return ANSWER
        partition = (position.topic, position.partition)
        self.look(partition, end)
        if end is None or position.offset + 1 >= end:
            self._behind.discard(partition)
            return ANSWER
        age = self._age(partition, head)
        limit = self.fresh_seconds if partition in self._behind else self.oldest_seconds
        if age > limit:
            self._behind.add(partition)
            return Verdict(False, DroppedFrame(position, head.camera_id, age))
        self._behind.discard(partition)
        return Verdict(True, DroppedFrame(position, head.camera_id, age))

    def _age(self, partition: tuple[str, int], head: FrameHead) -> float:
        clock, now = self._clocks[partition], self.steady()
        clock.forget(head.position.offset)
        youngest, oldest = clock.ages(head.position.offset, now)
        said = self.wall() - head.captured_at if head.captured_at is not None else youngest
        return max(youngest, min(said, oldest))


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

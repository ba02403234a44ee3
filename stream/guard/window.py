"""What one version did on this worker in the last seconds, a bucket a second, by the worker's own steady clock."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stream.guard.rules import Live
from stream.messages import Position

PICTURES_A_SECOND: Final = 8
PICTURES_OF_A_CAMERA: Final = 4
LARGEST_PICTURE_BYTES: Final = 512 * 1024
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of encoded pictures that are kept for the witness."""


@dataclass(slots=True)
class Answered:
    """One version's part of a batch."""

    labels: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    seconds: float = 0.0
    """Of inference."""
    answered: list[tuple[Position, str]] = field(default_factory=list)
    """Frames, and their cameras."""
    failed: list[Position] = field(default_factory=list)


@dataclass(slots=True)
class Bucket:
    """One second."""

    second: int
    labels: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    failed: int = 0
    seconds: float = 0.0
    pictures: list[bytes] = field(default_factory=list)
    cameras: Counter[str] = field(default_factory=Counter)
    failed_pictures: list[bytes] = field(default_factory=list)


class Window:
    """Not for two threads at once."""

    def __init__(self) -> None:
        self._buckets: deque[Bucket] = deque()
        self._bytes = 0

    def add(self, now: float, answered: Answered) -> None:
        bucket = self._bucket(now)
        bucket.labels.update(answered.labels)
        bucket.unknown += answered.unknown
        bucket.failed += len(answered.failed)
        bucket.seconds += answered.seconds

    def keep(self, now: float, camera_id: str, jpeg: bytes) -> None:
        """A few encoded pictures of each second, of every camera."""
        bucket = self._bucket(now)
        full = len(bucket.pictures) >= PICTURES_A_SECOND or bucket.cameras[camera_id] >= PICTURES_OF_A_CAMERA
        if not full and self._has_room(jpeg):
            bucket.cameras[camera_id] += 1
            bucket.pictures.append(jpeg)

    def keep_failed(self, now: float, jpeg: bytes) -> None:
        """A few of those that could not be answered."""
        bucket = self._bucket(now)
        if len(bucket.failed_pictures) < PICTURES_A_SECOND and self._has_room(jpeg):
            bucket.failed_pictures.append(jpeg)

    def forget(self, now: float, seconds: float) -> None:
        """Drop what is older than so many seconds."""
        while self._buckets and self._buckets[0].second < now - seconds:
            gone = self._buckets.popleft()
            self._bytes -= sum(map(len, (*gone.pictures, *gone.failed_pictures)))

    def live(self) -> Live:
        """Everything that is not forgotten."""
        labels: Counter[str] = Counter()
        for bucket in self._buckets:
            labels.update(bucket.labels)
        answered, failed = labels.total(), sum(bucket.failed for bucket in self._buckets)
        seconds = sum(bucket.seconds for bucket in self._buckets)
        return Live(
            frames=answered + failed,
            failed=failed,
            unknown=sum(bucket.unknown for bucket in self._buckets),
            labels=dict(labels),
            milliseconds=seconds / answered * 1000 if answered else None,
        )

    def pictures(self, most: int, *, failed: bool = False) -> Sequence[bytes]:
        """At most so many, evenly over the window."""
        found = [each for bucket in self._buckets for each in (bucket.failed_pictures if failed else bucket.pictures)]
        if len(found) <= most:
            return found
        return [found[place * len(found) // most] for place in range(most)]

    def _bucket(self, now: float) -> Bucket:
        if not self._buckets or self._buckets[-1].second != int(now):
            self._buckets.append(Bucket(int(now)))
        return self._buckets[-1]

    def _has_room(self, jpeg: bytes) -> bool:
        if len(jpeg) > LARGEST_PICTURE_BYTES or self._bytes + len(jpeg) > MOST_BYTES:
            return False
        self._bytes += len(jpeg)
        return True

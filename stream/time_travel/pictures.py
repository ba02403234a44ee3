"""Pictures of past frames: from the kept frames, else from the topic, and only the very bytes that were answered."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select

from pipelines.datasets.threads import map_in_threads
from pipelines.errors import FrameStoreError
from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptFrame, KeptIndex
from stream.messages import Position
from stream.tables import kept_frames
from stream.time_travel.topic import Expired, FramesTopic
from stream.time_travel.windows import LiveFrame

Source = Literal["auto", "kept", "topic"]
Origin = Literal["kept", "topic", "gone"]
Gone = Literal["not_kept", "expired", "other_picture", "unreadable", "no_broker"]
GONE_IN_WORDS: Final = {
    "not_kept": "not kept",
    "expired": "no longer on the topic",
    "other_picture": "another picture lies in its place",
    "unreadable": "kept, but its file is gone or damaged",
    "no_broker": "not kept, and no broker runs here",
    "undecodable": "cannot be decoded any more",
    "failed": "the version fails on it",
    "refused": "the database refuses its row",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A frame with its picture, or why there is none."""

    frame: LiveFrame
    origin: Origin
    jpeg: bytes = b""
    reason: str = ""
    """Of what is gone: a key of GONE_IN_WORDS."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where the pictures of a window are looked for."""

    source: Source
    store: FrameStore
    index: KeptIndex
    topic: FramesTopic | None
    """None where no broker runs."""

    def read(self, frames: Sequence[LiveFrame]) -> Iterator[Found]:
        """Each frame once; frames of one partition by offset. Raises BrokerError when a broker falls silent."""
        reasons: dict[Position, str] = {}
        left = list(frames)
        if self.source != "topic" and frames:
            left = []
            kept = self._find_kept(frames)
            for found in map_in_threads(lambda frame: self._read_kept(frame, kept.get(frame.position)), frames):
                if found.origin == "kept":
                    yield found
                else:
                    reasons[found.frame.position] = found.reason
                    left.append(found.frame)
        if self.source == "kept" or not left:
            yield from (Found(frame, "gone", reason=reasons[frame.position]) for frame in left)
        elif self.topic is None:
            yield from (Found(frame, "gone", reason="no_broker") for frame in left)
        else:
            yield from self._read_topic(self.topic, left)

    def _find_kept(self, frames: Sequence[LiveFrame]) -> dict[Position, KeptFrame]:
        """Of one part. Asked for one by one: a range would bring what other cameras have between them."""
        first = frames[0].position
        table = kept_frames.c
        rows = self.index.select(
            select(kept_frames).where(
                table.store == self.store.address,
                table.topic == first.topic,
                table.partition == first.partition,
                table.offset.in_([frame.position.offset for frame in frames]),
                table.reason != "dead_letter",
            )
        )
        return {row.position: row for row in rows}

    def _read_kept(self, frame: LiveFrame, kept: KeptFrame | None) -> Found:
        if kept is None:
            return Found(frame, "gone", reason="not_kept")
        if kept.sha256 != frame.image_sha256:
            return Found(frame, "gone", reason="other_picture")
        try:
            return Found(frame, "kept", self.store.read(kept.path, kept.sha256))
        except FrameStoreError:  # the topic may have it still
            return Found(frame, "gone", reason="unreadable")

    def _read_topic(self, topic: FramesTopic, frames: Sequence[LiveFrame]) -> Iterator[Found]:
        wanted = {frame.position: frame for frame in frames}
        for position, picture in topic.read(list(wanted)):
            frame = wanted[position]
            if isinstance(picture, Expired):
                yield Found(frame, "gone", reason="expired")
            elif hashlib.sha256(picture).hexdigest() != frame.image_sha256:
                yield Found(frame, "gone", reason="other_picture")
            else:
                yield Found(frame, "topic", picture)


def tell_gone(reasons: Counter[str]) -> str:
    """In words, the most frequent first."""
    return ", ".join(f"{count:,} {GONE_IN_WORDS.get(reason, reason)}" for reason, count in reasons.most_common())

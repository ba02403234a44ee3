"""Everything that came of a batch, for those who store, publish, keep and watch it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.ledger import FrameRead, Outcome
from stream.messages import DeadLetter, Message, Position, Prediction
from stream.reading.freshness import DroppedFrame


@dataclass(frozen=True, slots=True)
class Asked:
    """What one version was asked in a batch."""

    classifier: str
    version: int
    seconds: float
    failed: tuple[Position, ...]
    """Of frames that it could not answer."""


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Everything that came of a batch."""

    predictions: tuple[Prediction, ...]
    dead_letters: tuple[tuple[Message, DeadLetter], ...]
    latest: Mapping[str, bytes]
    """Camera id to the encoded bytes of its last good picture in the batch."""
    positions: tuple[Position, ...] = ()
    """Of every message of the batch."""
    skipped: frozenset[Position] = frozenset()
    """Of frames that ask none of this worker's classifiers."""
    dropped: tuple[DroppedFrame, ...] = ()
    """Before those of the batch in their partitions, or among them; none is in `positions`."""
    decode_seconds: float = 0.0
    infer_seconds: float = 0.0
    pictures: Mapping[Position, bytes] = field(default_factory=dict)
    """Encoded bytes of every good picture of the batch."""
    asked: tuple[Asked, ...] = ()

    @property
    def reads(self) -> tuple[FrameRead, ...]:
        """What became of every frame, for the ledger."""
        dead = {letter.position for _, letter in self.dead_letters}
        return (
            *(FrameRead(each, "dead" if each in dead else self._kept(each)) for each in self.positions),
            *(FrameRead(frame.position, "dropped", frame.camera_id) for frame in self.dropped),
        )

    def _kept(self, position: Position) -> Outcome:
        return "skipped" if position in self.skipped else "stored"

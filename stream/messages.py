"""The message contract: camera frames in, predictions out. Nothing here knows Kafka or Faust."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

FRAMES_TOPIC: Final = "taller_camara_stream"
PREDICTIONS_TOPIC: Final = "taller_camara_predictions"
DEAD_LETTERS_TOPIC: Final = "taller_camara_dlq"
FRAMES_PARTITIONS: Final = 4

Headers = Iterable[tuple[str, bytes]]
Stage = Literal["schema", "decode", "image", "infer"]
Role = Literal["production", "shadow"]
Decision = Literal["known", "unknown"]


@dataclass(frozen=True, slots=True)
class Position:
    """A frame's identity: where its message lies in Kafka."""

    topic: str
    partition: int
    offset: int

    @property
    def frame_id(self) -> str:
        """Identity in words, for a message that brings none of its own."""
        return f"{self.topic}-{self.partition}-{self.offset}"


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with identity and time, still encoded."""

    position: Position
    frame_id: str
    camera_id: str
    image_name: str | None
    captured_at: datetime
    """Aware, UTC."""
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model version said about one frame."""

    position: Position
    frame_id: str
    camera_id: str
    image_name: str | None
    image_sha256: str
    classifier: str
    role: Role
    model_version: int
    label: str
    confidence: float
    top: tuple[tuple[str, float], ...]
    """(label, probability), best first."""
    decision: Decision
    captured_at: datetime
    received_at: datetime
    predicted_at: datetime
    worker: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be used, kept with its bytes and reason."""

    position: Position
    stage: Stage
    reason: str
    """Short and countable, such as `truncated_jpeg`."""
    message: str
    """The error's sentence."""
    camera_id: str | None
    size_bytes: int
    sha256: str
    created_at: datetime

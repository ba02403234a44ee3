"""The message contract: camera frames in, predictions out. Nothing here knows Kafka or Faust."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import orjson
import pybase64

from pipelines.errors import MessageError

FRAMES_TOPIC: Final = "taller_camara_stream"
PREDICTIONS_TOPIC: Final = "taller_camara_predictions"
DEAD_LETTERS_TOPIC: Final = "taller_camara_dlq"
FRAMES_PARTITIONS: Final = 4
GROUP: Final = "vigia-worker"
"""The consumer group of workers that answer for every classifier."""
SHADOW_GROUP: Final = "vigia-shadow"
"""That of the workers whose answers only stand beside production's."""

REPLAY_OF: Final = "vigia.replay.of"
"""Header of a replayed dead letter: the frame id of the position it came from."""
REPLAY_ID: Final = "vigia.replay.id"
"""Header: the replay that sent it, so that it is found again in the topic."""
REPLAY_ATTEMPT: Final = "vigia.replay.attempt"
REPLAY_ANSWERED: Final = "vigia.replay.answered"
"""Header: classifiers, parted by commas, that answered this frame before and are not asked again."""

Headers = tuple[tuple[str, bytes | None], ...]
Stage = Literal["schema", "decode", "image", "infer"]
Role = str
"""`production`, `shadow`, or `replay-<version>` for what a version said later about frames of the past."""
REPLAY_PREFIX: Final = "replay-"
"""Of the last one."""
REPLAYER: Final = "/replay"
"""How the worker's name of such a row ends."""
SHADOW_WORKER: Final = "/shadow-"
"""In the name of the worker of a challenger's row; then its number."""
Decision = Literal["known", "unknown"]
Mode = Literal["realtime", "lossless"]
"""Of a camera: its newest frame wins, or every one is answered."""


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
class Message:
    """One message of the frames topic as it came, before anyone looked inside."""

    position: Position
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None
    """The broker's or producer's time, milliseconds since 1970."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None


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
    nearest: tuple[tuple[str, float], ...] = ()
    """(SHA-256 of a training picture, likeness up to 1), nearest first; for `vigia trace`."""
    consensus_label: str | None = None
    """What the camera's last frames agree on; None where they do not."""
    consensus_confidence: float | None = None
    consensus_frames: int | None = None
    """That the window held; this and the next are None where no window was asked."""
    consensus_policy: str | None = None
    """Number and digest of the policy."""
    infer_ms: float | None = None
    """Processor time that the network took, milliseconds; None for a frame that was not asked alone."""
    precision: str | None = None
    """In which the network was computed: `f32`, `bf16` or `int8`; None in rows of before it was kept."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be used, kept with its bytes and reason."""

    position: Position
    stage: Stage
    reason: str
    """Short and countable, such as `truncated_picture`."""
    message: str
    """The error's sentence."""
    camera_id: str | None
    size_bytes: int
    sha256: str
    created_at: datetime


class FrameError(MessageError):
    """Why a message becomes a dead letter: the stage it failed at and a countable reason."""

    def __init__(self, text: str, *, stage: Stage, reason: str, camera_id: str | None = None) -> None:
        super().__init__(text)
        self.stage = stage
        self.reason = reason
        self.camera_id = camera_id
        """Where it was known before something else failed."""


def last_header(headers: Headers, name: str) -> bytes | None:
    """What a program appended counts, not what a sender may have put there before."""
    return next((value for key, value in reversed(headers) if key == name), None)


def encode_v1(camera_id: str, image_name: str, captured_at: datetime, jpeg: bytes) -> Outgoing:
    """A frame as the JSON of the system that this one replaces."""
    fields = {
        "timestamp": captured_at.timestamp(),
        "camera_id": camera_id,
        "image_name": image_name,
        "image_data": pybase64.b64encode_as_string(jpeg),
    }
    return Outgoing(FRAMES_TOPIC, camera_id.encode(), orjson.dumps(fields))


def encode_v2(
    camera_id: str, frame_id: str, captured_at: datetime, jpeg: bytes, *, image_name: str | None, sequence: int
) -> Outgoing:
    """A frame as the picture itself, with its identity and time in the headers."""
    headers: list[tuple[str, bytes | None]] = [
        ("schema", b"2"),
        ("camera_id", camera_id.encode()),
        ("frame_id", frame_id.encode()),
        ("captured_at", rfc3339(captured_at).encode()),
        ("sequence", str(sequence).encode()),
    ]
    if image_name is not None:
        headers.append(("image_name", image_name.encode()))
    return Outgoing(FRAMES_TOPIC, camera_id.encode(), jpeg, tuple(headers))


def encode_prediction(prediction: Prediction) -> Outgoing:
    """A prediction as JSON for whoever listens."""
    fields = {
        "frame_id": prediction.frame_id,
        "camera_id": prediction.camera_id,
        "classifier": prediction.classifier,
        "model_version": prediction.model_version,
        "role": prediction.role,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "top": prediction.top,
        "decision": prediction.decision,
        "captured_at": rfc3339(prediction.captured_at),
        "predicted_at": rfc3339(prediction.predicted_at),
        "precision": prediction.precision,
    }
    if prediction.consensus_policy is not None:
        fields["consensus"] = {
            "label": prediction.consensus_label,
            "confidence": prediction.consensus_confidence,
            "frames": prediction.consensus_frames,
            "policy": prediction.consensus_policy,
        }
    return Outgoing(PREDICTIONS_TOPIC, prediction.frame_id.encode(), orjson.dumps(fields))


def rfc3339(moment: datetime) -> str:
    """An aware time in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

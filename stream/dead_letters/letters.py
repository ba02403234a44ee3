"""Dead letters: what is recorded about a message that could not be used, and what is published of it."""

import hashlib
from datetime import datetime
from typing import Final

from PIL import UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from pipelines.errors import ImageError
from stream.messages import DEAD_LETTERS_TOPIC, DeadLetter, FrameError, Headers, Message, Outgoing

MAX_SENTENCE: Final = 500


def build_dead_letter(message: Message, error: FrameError, *, camera_id: str | None, now: datetime) -> DeadLetter:
    """The record of one message; `sha256` and `size_bytes` are those of its value."""
    value = message.value or b""
    return DeadLetter(
        position=message.position,
        stage=error.stage,
        reason=error.reason,
        message=_as_sentence(str(error)),
        camera_id=camera_id,
        size_bytes=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
        created_at=now,
    )


def encode_dead_letter(message: Message, letter: DeadLetter, *, worker: str, max_value_bytes: int) -> Outgoing:
    """The message itself, byte for byte, with what went wrong in `vigia.error.*` headers.

    A value above the limit is left out, because a dead letter that cannot be published would stop the worker
    for ever; its SHA-256 and size stay.
    """
    fits = len(message.value or b"") <= max_value_bytes
    return Outgoing(
        topic=DEAD_LETTERS_TOPIC,
        key=message.key,
        value=message.value if fits else b"",
        headers=message.headers + _error_headers(letter, worker) + (() if fits else _hash_headers(letter)),
        timestamp_ms=message.timestamp_ms,
    )


def _as_sentence(text: str) -> str:
    """One short line of valid text, whatever an engine put into its error."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return " ".join(whole.split())[:MAX_SENTENCE]


def image_error(error: ImageError) -> FrameError:
    """A picture's fault as a countable reason."""
    return FrameError(str(error), stage="image", reason=_image_reason(error.__cause__))


def _image_reason(cause: BaseException | None) -> str:
    match cause:
        case None:
            return "outside_limits"
        case UnidentifiedImageError():
            return "not_a_picture"
        case DecompressionBombError() | DecompressionBombWarning():
            return "outside_limits"
        case OSError() if "truncated" in str(cause):
            return "truncated_picture"
        case _:
            return "broken_picture"


def _error_headers(letter: DeadLetter, worker: str) -> Headers:
    fields = {
        "topic": letter.position.topic,
        "partition": letter.position.partition,
        "offset": letter.position.offset,
        "stage": letter.stage,
        "reason": letter.reason,
        "message": letter.message,
        "worker": worker,
        "attempts": 1,
    }
    return tuple((f"vigia.error.{name}", str(value).encode()) for name, value in fields.items())


def _hash_headers(letter: DeadLetter) -> Headers:
    return (
        ("vigia.error.sha256", letter.sha256.encode()),
        ("vigia.error.size_bytes", str(letter.size_bytes).encode()),
    )

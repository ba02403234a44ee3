"""Dead letters: what is recorded of a message that could not be used, what is published of it, and the way back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PIL import UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from pipelines.errors import ImageError
from pipelines.terminal import escape_unprintable
from stream.messages import (
    DEAD_LETTERS_TOPIC,
    REPLAY_ANSWERED,
    REPLAY_ATTEMPT,
    REPLAY_ID,
    REPLAY_OF,
    DeadLetter,
    FrameError,
    Headers,
    Message,
    Outgoing,
    Position,
    last_header,
)

MAX_SENTENCE: Final = 500
SMALL_HEAD_BYTES: Final = 16 * 1024
"""Key and headers up to this are kept even of a message whose value is left out."""
_BYTES_A_HEADER: Final = 10
"""Lengths that Kafka writes beside each header, at most."""

_FIRST, _SHA256, _ATTEMPTS = "vigia.error.topic", "vigia.error.sha256", "vigia.error.attempts"


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A message of the dead-letter topic: the original byte for byte, without the headers that say what was wrong."""

    position: Position
    """Where the original lay."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None
    attempts: int
    complete: bool
    """False when the original was too large for the topic: its value, or all of it, was left out."""


def build_dead_letter(message: Message, error: FrameError, *, camera_id: str | None, now: datetime) -> DeadLetter:
    """The record of one message; `sha256` and `size_bytes` are those of its value."""
    value = message.value or b""
    return DeadLetter(
        position=message.position,
        stage=error.stage,
        reason=error.reason,
        # a NUL or half a character that a sender smuggled into the sentence would be refused by the store, for ever
        message=escape_unprintable(" ".join(str(error).split()))[:MAX_SENTENCE],
        camera_id=camera_id,
        size_bytes=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
        created_at=now,
    )


def encode_dead_letter(message: Message, letter: DeadLetter, *, worker: str, max_value_bytes: int) -> Outgoing:
    """The message itself, byte for byte, with what went wrong in `vigia.error.*` headers.

    What is too large together with its key and headers is left out, because a dead letter that cannot be published
    would stop the worker for ever: the value first, and of a monstrous message key and headers too. SHA-256 and size
    of the value stay.
    """
    value, head = message.value or b"", _head_bytes(message)
    fits = not value or len(value) + head <= max_value_bytes
    head_fits = head <= max(max_value_bytes, SMALL_HEAD_BYTES)
    return Outgoing(
        topic=DEAD_LETTERS_TOPIC,
        key=message.key if head_fits else None,
        value=message.value if fits and head_fits else b"",
        headers=(message.headers if head_fits else ())
        + _error_headers(message, letter, worker)
        + (() if fits and head_fits else _hash_headers(letter)),
        timestamp_ms=message.timestamp_ms,
    )


def read_dead_letter(
    key: bytes | None, value: bytes | None, headers: Headers, timestamp_ms: int | None
) -> KeptLetter | None:
    """What `encode_dead_letter` was given; None for a message that is no dead letter of ours."""
    names = [name for name, _ in headers]
    if _FIRST not in names:
        return None
    # a sender may have put headers of these names into the original; ours come after all of his
    first = len(names) - 1 - names[::-1].index(_FIRST)
    ours = {name: (text or b"").decode(errors="replace") for name, text in headers[first:]}
    try:
        position = Position(ours[_FIRST], int(ours["vigia.error.partition"]), int(ours["vigia.error.offset"]))
        attempts = int(ours[_ATTEMPTS])
    except (KeyError, ValueError):
        return None
    return KeptLetter(position, key, value, headers[:first], timestamp_ms, attempts, complete=_SHA256 not in ours)


def build_replay(kept: KeptLetter, *, replay_id: str, answered: Sequence[str] = ()) -> Outgoing:
    """The original once more, with `vigia.replay.*` headers that tie it to its letter.

    `answered` names classifiers that answered the frame before it became a dead letter: they are not asked again.
    """
    of = kept.position
    replay: Headers = (
        (REPLAY_OF, of.frame_id.encode()),
        (REPLAY_ID, replay_id.encode()),
        (REPLAY_ATTEMPT, str(kept.attempts + 1).encode()),
    )
    if answered:
        replay += ((REPLAY_ANSWERED, ",".join(answered).encode()),)
    return Outgoing(of.topic, kept.key, kept.value, _without_replay(kept.headers) + replay, kept.timestamp_ms)


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


def _head_bytes(message: Message) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + _BYTES_A_HEADER for name, value in message.headers)
    return len(message.key or b"") + headers


def _error_headers(message: Message, letter: DeadLetter, worker: str) -> Headers:
    fields = {
        "topic": letter.position.topic,
        "partition": letter.position.partition,
        "offset": letter.position.offset,
        "stage": letter.stage,
        "reason": letter.reason,
        "message": letter.message,
        "worker": worker,
        "attempts": _attempts(message),
    }
    return tuple((f"vigia.error.{name}", str(value).encode()) for name, value in fields.items())


def _attempts(message: Message) -> int:
    told = last_header(message.headers, REPLAY_ATTEMPT) or b""
    return int(told) if told.isdigit() and len(told) < 5 else 1


def _without_replay(headers: Headers) -> Headers:
    """A letter that was replayed and died again carries the headers of its former replay, at the end."""
    names = [name for name, _ in headers]
    return headers[: len(names) - 1 - names[::-1].index(REPLAY_OF)] if REPLAY_OF in names else headers


def _hash_headers(letter: DeadLetter) -> Headers:
    return (
        (_SHA256, letter.sha256.encode()),
        ("vigia.error.size_bytes", str(letter.size_bytes).encode()),
    )

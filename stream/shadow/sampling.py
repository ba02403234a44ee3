"""Which frames a challenger is asked. Plain decisions: the same for every worker, delivery and restart."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from stream.messages import Message

HASHED_BYTES: Final = 8
HASHES: Final = 2.0**64


def place_frame(frame_id: str) -> float:
    """Where the frame's hash lies between 0 and 1; it is sampled for every share above that."""
    digest = hashlib.blake2b(frame_id.encode("utf-8", "surrogatepass"), digest_size=HASHED_BYTES).digest()
    return int.from_bytes(digest, "big") / HASHES


def choose_classifiers(frame_id: str, shares: Mapping[str, float]) -> tuple[str, ...]:
    """The classifiers whose share holds the frame. A larger share holds every frame of a smaller one."""
    place = place_frame(frame_id)
    return tuple(name for name, share in shares.items() if place < share)


def read_frame_id(message: Message) -> str:
    """What decoding will call the frame, without opening its value: most frames are not sampled."""
    if _sole(message.headers, "schema") != b"2":
        return message.position.frame_id
    named = _sole(message.headers, "frame_id")
    try:
        return message.position.frame_id if named is None else named.decode("utf-8")
    except UnicodeDecodeError:
        return message.position.frame_id  # no frame at all, as decoding will find


def _sole(headers: Iterable[tuple[str, bytes | None]], name: str) -> bytes | None:
    values = [value for key, value in headers if key == name]
    return (values[0] or b"") if len(values) == 1 else None

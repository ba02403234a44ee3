"""Bytes become a frame, strictly: what is missing, doubled or absurd is an error, never a guess."""

import base64
import binascii
import json
import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import pybase64

from stream.messages import Frame, FrameError, Message

MAX_ID_LENGTH: Final = 200
MAX_IMAGE_NAME_LENGTH: Final = 1000
OLDEST_CAPTURE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier times mean a camera without a clock, or seconds mistaken for something else."""
FUTURE_TOLERANCE: Final = timedelta(days=1)
_PICTURE: Final = re.compile(rb'"image_data"[ \t\n\r]*:[ \t\n\r]*"')


def decode_frame(message: Message) -> Frame:
    """The frame in a v1 (JSON) or v2 (headers) message; `schema` in the headers says which.

    Raises FrameError; nothing is guessed: a missing, doubled or absurd field is an error.
    """
    if not message.value:
        raise _schema_error("empty_message", "Expected a frame, received a message without a value.")
    schema = _header(message, "schema")
    if schema in (None, "1"):
        return _decode_v1(message, message.value)
    if schema == "2":
        return _decode_v2(message, message.value)
    raise _schema_error("unknown_schema", f"Expected schema 1 or 2, received {schema[:40]!r}.")


def _decode_v1(message: Message, value: bytes) -> Frame:
    fields = _open_plain(value) or _open_strictly(value)
    missing = [name for name in ("timestamp", "camera_id", "image_name", "image_data") if name not in fields]
    if missing:
        raise _schema_error("missing_field", f"Expected the fields of v1, received none called {', '.join(missing)}.")
    camera_id, picture = _identity(fields["camera_id"], "camera_id"), fields["image_data"]
    try:
        return Frame(
            position=message.position,
            frame_id=message.position.frame_id,
            camera_id=camera_id,
            image_name=_image_name(fields["image_name"]),
            captured_at=_moment_of_seconds(fields["timestamp"], message.received_at),
            jpeg=picture if isinstance(picture, bytes) else _decode_base64(picture),
        )
    except FrameError as error:
        error.camera_id = camera_id
        raise


def _open_plain(value: bytes) -> dict[str, Any] | None:
    """The fields of a message as most senders write it, the picture's bytes in the place of their base64.

    None where it takes a closer look. The picture is cut out before the JSON is parsed: what is base64 holds nothing
    that JSON would have to read, and the rest is short. Without a backslash, and with every quote accounted for, the
    one `image_data` that was cut is the one that a parser would find.
    """
    if (found := _PICTURE.search(value)) is None:
        return None
    begin, end = found.end(), value.find(b'"', found.end())
    rest = value[:begin] + value[end:]
    if end <= begin or b"\\" in rest:
        return None
    try:
        fields, picture = orjson.loads(rest), pybase64.b64decode(memoryview(value)[begin:end], validate=True)
    except ValueError:
        return None
    if not isinstance(fields, dict) or fields.get("image_data") != "" or not _is_flat(rest, fields):
        return None
    return {**fields, "image_data": picture}


def _open_strictly(value: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _schema_error("not_json", f"Expected JSON (v1) or a schema header (v2). {error}") from error
    if not isinstance(fields, dict):
        raise _schema_error("not_an_object", f"Expected a JSON object, received {type(fields).__name__}.")
    _check_doubled(value, fields)
    return fields


def _is_flat(value: bytes, fields: dict[str, Any]) -> bool:
    """Whether every quote is that of one of these names or texts; of a value without backslashes."""
    return value.count(b'"') == 2 * len(fields) + 2 * sum(isinstance(field, str) for field in fields.values())


def _check_doubled(value: bytes, fields: dict[str, Any]) -> None:
    """Raises FrameError when a field is there twice: parsers differ in which one they take."""
    if b"\\" not in value and _is_flat(value, fields):
        return  # the slow way is for messages that are not so plain
    try:
        # called for every object; the root's names are what comes back
        names = json.loads(
            value, object_pairs_hook=lambda pairs: [name for name, _ in pairs], parse_int=len, parse_float=len
        )
    except (RecursionError, ValueError):
        return  # a field that is no use to us goes beyond what this parser takes
    if doubled := [name for name, times in Counter(names).items() if times > 1]:
        raise _schema_error("doubled_field", f"Expected each field once, received more of {', '.join(doubled)[:80]!r}.")


def _decode_v2(message: Message, value: bytes) -> Frame:
    camera_id = _header(message, "camera_id")
    captured_at = _header(message, "captured_at")
    if camera_id is None or captured_at is None:
        missing = "camera_id" if camera_id is None else "captured_at"
        raise _schema_error("missing_field", f"Expected the headers of v2, received none called {missing}.")
    camera_id = _identity(camera_id, "camera_id")
    try:
        frame_id = _header(message, "frame_id")
        image_name = _header(message, "image_name")
        return Frame(
            position=message.position,
            frame_id=message.position.frame_id if frame_id is None else _identity(frame_id, "frame_id"),
            camera_id=camera_id,
            image_name=None if image_name is None else _image_name(image_name),
            captured_at=_moment_of_text(captured_at, message.received_at),
            jpeg=value,
        )
    except FrameError as error:
        error.camera_id = camera_id
        raise


def _header(message: Message, name: str) -> str | None:
    values = [value for key, value in message.headers if key == name]
    if not values:
        return None
    if len(values) > 1:
        raise _schema_error("doubled_header", f"Expected one header {name}, received {len(values)}.")
    try:
        return (values[0] or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise _schema_error("bad_header", f"Expected UTF-8 in header {name}. {error.reason}.") from error


def _identity(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _schema_error("wrong_type", f"Expected text in {name}, received {type(value).__name__}.")
    if not value.strip() or len(value) > MAX_ID_LENGTH or not value.isprintable():
        raise _schema_error(
            f"bad_{name}",
            f"Expected 1 to {MAX_ID_LENGTH} printable characters in {name}, received {len(value)}: {value[:40]!r}.",
        )
    return value


def _image_name(value: Any) -> str:
    if not isinstance(value, str):
        raise _schema_error("wrong_type", f"Expected text in image_name, received {type(value).__name__}.")
    if len(value) > MAX_IMAGE_NAME_LENGTH or not value.isprintable():
        raise _schema_error(
            "bad_image_name",
            f"Expected at most {MAX_IMAGE_NAME_LENGTH} printable characters in image_name, "
            f"received {len(value)}: {value[:40]!r}.",
        )
    return value


def _moment_of_seconds(value: Any, received_at: datetime) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _schema_error("wrong_type", f"Expected seconds since 1970 in timestamp, received {type(value).__name__}.")
    newest = received_at + FUTURE_TOLERANCE
    if not math.isfinite(value) or not OLDEST_CAPTURE.timestamp() <= value <= newest.timestamp():
        raise _schema_error("bad_timestamp", f"Expected seconds since 1970, {_window(newest)}, received {value!r}.")
    return datetime.fromtimestamp(value, UTC)


def _moment_of_text(value: str, received_at: datetime) -> datetime:
    newest = received_at + FUTURE_TOLERANCE
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and OLDEST_CAPTURE <= moment <= newest:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # said below, together with times outside the window
    raise _schema_error(
        "bad_captured_at", f"Expected an RFC 3339 time with a zone, {_window(newest)}, received {value[:60]!r}."
    )


def _window(newest: datetime) -> str:
    return f"from {OLDEST_CAPTURE:%Y-%m-%d} to {newest:%Y-%m-%d}"


def _decode_base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _schema_error("wrong_type", f"Expected base64 in image_data, received {type(value).__name__}.")
    try:
        jpeg = _decode_as_python_does(value)
    except (binascii.Error, ValueError) as error:
        raise FrameError(f"Expected base64 in image_data. {error}.", stage="decode", reason="bad_base64") from error
    if not jpeg:
        raise FrameError("Expected a picture in image_data, received 0 bytes.", stage="decode", reason="empty_picture")
    return jpeg


def _decode_as_python_does(text: str) -> bytes:
    """What is base64 is decided by the standard library, whose errors dead letters have always told."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return base64.b64decode(text, validate=True)


def _schema_error(reason: str, text: str) -> FrameError:
    return FrameError(text, stage="schema", reason=reason)

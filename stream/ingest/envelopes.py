"""What a push holds: a bare picture, a multipart form with one, or the JSON of v1. Its content says which."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.decoding import decode_frame
from stream.ingest.refusals import RefusedError
from stream.messages import FRAMES_TOPIC, FrameError, Message, Position, rfc3339
from stream.messages import Headers as MessageHeaders

FIELDS: Final[Mapping[str, str]] = {
    "camera_id": "x-camera-id",
    "captured_at": "x-captured-at",
    "image_name": "x-image-name",
    "frame_id": "x-frame-id",
}
"""A field in the query, in a form or in JSON, and the header that says the same."""
MULTIPART: Final = "multipart/form-data"
LARGEST_FIELD_BYTES: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class PushedFrame:
    """A picture as a camera pushed it; its fields are such that the worker takes them."""

    camera_id: str
    captured_at: datetime
    image_name: str | None
    frame_id: str | None
    """Given by the camera; a push with the same id and picture is the same frame."""
    encoded: bytes


def read_fields(request: Request) -> dict[str, str]:
    """The fields in query and headers. Raises RefusedError for one that is given twice with different values."""
    fields: dict[str, str] = {}
    for name, header in FIELDS.items():
        values = {*request.query_params.getlist(name), *map(_utf8, request.headers.getlist(header))}
        if len(values) > 1:
            raise RefusedError(400, "contradiction", f"Expected one {name}, received {len(values)} different ones.")
        if values:
            fields[name] = values.pop()
    return fields


async def open_envelope(fields: Mapping[str, str], headers: Headers, body: bytes, now: datetime) -> PushedFrame:
    """The frame in a body. Raises RefusedError for what the worker would put with the dead letters."""
    if headers.get("content-type", "").lower().startswith(MULTIPART):
        fields, body = await _open_form(fields, headers, body)
    if body[:64].lstrip()[:1] == b"{":
        return _open_v1(fields, body, now)  # no picture begins so
    headers_v2: list[tuple[str, bytes | None]] = [("schema", b"2"), ("captured_at", rfc3339(now).encode())]
    if "captured_at" in fields:
        headers_v2.pop()
    headers_v2 += [(name, value.encode()) for name, value in fields.items()]
    return _decode(body, tuple(headers_v2), fields.get("frame_id"), now)


def _open_v1(fields: Mapping[str, str], body: bytes, now: datetime) -> PushedFrame:
    frame = _decode(body, (("schema", b"1"),), fields.get("frame_id"), now)
    if fields.get("camera_id", frame.camera_id) != frame.camera_id:
        raise RefusedError(400, "contradiction", "Expected one camera_id, received another one in the JSON.")
    return frame


def _decode(value: bytes, headers: MessageHeaders, frame_id: str | None, now: datetime) -> PushedFrame:
    """By the worker's own decoder, so that what is taken here is never a dead letter there."""
    try:
        frame = decode_frame(Message(Position(FRAMES_TOPIC, 0, 0), None, value, headers, None, now))
    except FrameError as error:
        raise RefusedError(422, error.reason, str(error)) from error
    if len(frame.jpeg) > LARGEST_FRAME_BYTES:
        raise RefusedError(
            413,
            "picture_too_large",
            f"Expected a picture of at most {LARGEST_FRAME_BYTES} bytes, received {len(frame.jpeg)}.",
        )
    return PushedFrame(frame.camera_id, frame.captured_at, frame.image_name, frame_id, frame.jpeg)


async def _open_form(fields: Mapping[str, str], headers: Headers, body: bytes) -> tuple[dict[str, str], bytes]:
    parser = _Parser(headers, _once(body), max_files=1, max_fields=len(FIELDS), max_part_size=LARGEST_FIELD_BYTES)
    try:
        form = await parser.parse()
        parts = form.multi_items()
        picture = b"".join([await part.read() for _, part in parts if isinstance(part, UploadFile)])
        await form.close()
    except (MultiPartException, ValueError, KeyError) as error:
        words = getattr(error, "message", type(error).__name__)
        raise RefusedError(400, "bad_form", f"Expected a multipart form with one picture. {words}") from error
    found = dict(fields)
    for name, value in parts:
        if isinstance(value, str) and name in FIELDS and found.setdefault(name, value) != value:
            raise RefusedError(400, "contradiction", f"Expected one {name}, received another one in the form.")
    return found, picture


class _Parser(MultiPartParser):
    spool_max_size = LARGEST_FRAME_BYTES * 2
    """Never a file: the body lies in memory anyway."""


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def _utf8(header: str) -> str:
    """Headers are read as Latin-1; what cameras send is UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError(400, "bad_header", "Expected UTF-8 in the headers.") from None

"""What careless and nasty senders put on the frames topic, and the stage and reason each must die of."""

import io
import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from stream.messages import FRAMES_TOPIC, Headers, Outgoing, encode_v2, rfc3339
from tests.stream.fakes import draw_jpeg

SCRIPT = "<script>alert(1)</script>"


@dataclass(frozen=True, slots=True)
class BadMessage:
    """One message, and where it must end."""

    outgoing: Outgoing
    stage: str
    reason: str


def make_bad_messages(now: datetime | None = None) -> Mapping[str, BadMessage]:
    """By name; all of them fit the project's own topics."""
    now = now or datetime.now(UTC)
    return {**_unreadable(), **_wrong_v1(now), **_wrong_v2(now), **_no_pictures(now)}


def make_good_oddities(now: datetime | None = None) -> Mapping[str, Outgoing]:
    """Pictures and messages that look suspicious and are frames all the same."""
    now = now or datetime.now(UTC)
    picture = PillowImage.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1)))
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    pictures = {
        "CMYK JPEG": encode(picture.convert("CMYK"), "JPEG"),
        "progressive JPEG": encode(picture, "JPEG", progressive=True),
        "EXIF-rotated JPEG": encode(picture, "JPEG", exif=exif),
        "16-bit PNG": encode(PillowImage.fromarray(np.zeros((64, 64), np.uint16)), "PNG"),
        "palette PNG with transparency": encode(picture.convert("P"), "PNG", transparency=0),
        "MPO": encode(picture, "MPO", save_all=True, append_images=[picture]),
        "bytes behind the picture": draw_jpeg() + b"<?php ?>",
    }
    frames = {name: v2(jpeg, now) for name, jpeg in pictures.items()}
    frames["<script> in every text"] = encode_v2(SCRIPT, SCRIPT, now, draw_jpeg(), image_name=SCRIPT, sequence=1)
    frames["200 characters of emoji"] = encode_v2("📷" * 200, "f" * 200, now, draw_jpeg(), image_name=None, sequence=1)
    frames["10,000 unknown headers"] = v2(draw_jpeg(), now, more=tuple((f"h{n}", b"") for n in range(10_000)))
    frames["more fields"] = Outgoing(FRAMES_TOPIC, b"k", json.dumps({**fields(now), "more": {"a": [1, 2]}}).encode())
    frames["the key of another camera"] = Outgoing(FRAMES_TOPIC, b"\xff\x00", v1(now), timestamp_ms=2**63 - 1)
    return frames


def encode(picture: PillowImage.Image, form: str, **options: Any) -> bytes:
    output = io.BytesIO()
    picture.save(output, form, **options)
    return output.getvalue()


def fields(now: datetime) -> dict[str, Any]:
    """The plain message of v1."""
    return {
        "timestamp": now.timestamp(),
        "camera_id": "gate",
        "image_name": "a.jpg",
        "image_data": b64encode(draw_jpeg()).decode(),
    }


def v1(now: datetime, **changes: Any) -> bytes:
    return json.dumps({**fields(now), **changes}).encode()


def v2(jpeg: bytes, now: datetime, *, more: Headers = (), **changes: bytes | None) -> Outgoing:
    headers = {
        "schema": b"2",
        "camera_id": b"gate",
        "captured_at": rfc3339(now).encode(),
        **changes,
    }
    return Outgoing(FRAMES_TOPIC, b"gate", jpeg, (*headers.items(), *more))


def _raw(value: bytes | None, stage: str, reason: str, **others: Any) -> BadMessage:
    return BadMessage(Outgoing(FRAMES_TOPIC, **{"key": b"gate", **others}, value=value), stage, reason)


def _unreadable() -> dict[str, BadMessage]:
    surrogate = b'{"timestamp": 1.7e9, "camera_id": "\\ud800", "image_name": "a", "image_data": "eHl6"}'
    return {
        "empty": _raw(b"", "schema", "empty_message"),
        "null": _raw(None, "schema", "empty_message", key=None),
        "null with a time at the end of time": _raw(None, "schema", "empty_message", timestamp_ms=2**63 - 1),
        "headers without values": _raw(None, "schema", "empty_message", headers=(("a", None), ("a", b""), ("", None))),
        "forged error headers": _raw(
            b"x", "schema", "not_json", headers=(("vigia.error.topic", b"t"), ("vigia.error.sha256", b"00"))
        ),
        "not UTF-8": _raw(b"\xff\xfe\x00garbage", "schema", "not_json"),
        "not JSON": _raw(b"camera_id=gate", "schema", "not_json"),
        "half of the JSON": _raw(b'{"timestamp": 1', "schema", "not_json"),
        "deep nesting": _raw(b"[" * 100_000 + b"]" * 100_000, "schema", "not_json"),
        "lone surrogate": _raw(surrogate, "schema", "not_json"),
        "huge integer": _raw(b'{"timestamp": 1' + b"0" * 5000 + b"}", "schema", "not_json"),
        "wrong root": _raw(b"[1, 2]", "schema", "not_an_object"),
    }


def _wrong_v1(now: datetime) -> dict[str, BadMessage]:
    def bad(reason: str, stage: str = "schema", **changes: Any) -> BadMessage:
        return _raw(v1(now, **changes), stage, reason)

    doubled = b'{"camera_id": "other", ' + v1(now)[1:]
    return {
        "missing field": _raw(b'{"timestamp": 1, "camera_id": "c", "image_name": "n"}', "schema", "missing_field"),
        "doubled field": _raw(doubled, "schema", "doubled_field"),
        "doubled field in escapes": _raw(doubled.replace(b"other", b"\\u006f"), "schema", "doubled_field"),
        "wrong type": bad("wrong_type", timestamp="1.7e9"),
        "NaN": _raw(v1(now, timestamp=float("nan")), "schema", "not_json"),
        "time of the year 1970": bad("bad_timestamp", timestamp=0),
        "milliseconds": bad("bad_timestamp", timestamp=now.timestamp() * 1000),
        "time of the day after tomorrow": bad("bad_timestamp", timestamp=(now + timedelta(days=2)).timestamp()),
        "integer of 300 digits": bad("bad_timestamp", timestamp=10**300),
        "empty camera id": bad("bad_camera_id", camera_id=""),
        "NUL in the camera id": bad("bad_camera_id", camera_id="a\x00b"),
        "terminal escape in the camera id": bad("bad_camera_id", camera_id="\x1b]0;owned\x07"),
        "camera id of 10,000 characters": bad("bad_camera_id", camera_id="c" * 10_000),
        "<script> in a name too long": bad("bad_image_name", image_name=SCRIPT * 100),
        "bad base64": bad("bad_base64", "decode", image_data="%%%"),
        "data address": bad("bad_base64", "decode", image_data="data:image/jpeg;base64,eHl6"),
        "empty picture": bad("empty_picture", "decode", image_data=""),
        "base64 of a non-picture": bad("not_a_picture", "image", image_data=b64encode(b"no picture").decode()),
    }


def _wrong_v2(now: datetime) -> dict[str, BadMessage]:
    def bad(reason: str, **changes: bytes | None) -> BadMessage:
        return BadMessage(v2(draw_jpeg(), now, more=(), **changes), "schema", reason)

    return {
        "unknown schema": bad("unknown_schema", schema=b"9"),
        "declared JSON, is a picture": bad("not_json", schema=b"1"),
        "declared a picture, is JSON": BadMessage(v2(v1(now), now), "image", "not_a_picture"),
        "doubled header": BadMessage(v2(draw_jpeg(), now, more=(("camera_id", b"other"),)), "schema", "doubled_header"),
        "header that is no UTF-8": bad("bad_header", camera_id=b"\xff"),
        "header without a value": bad("bad_camera_id", camera_id=None),
        "absurd captured_at": bad("bad_captured_at", captured_at=b"0001-01-01T00:00:00+23:59"),
        "captured_at without a zone": bad("bad_captured_at", captured_at=b"2026-01-01T00:00:00"),
        "frame id of 10,000 characters": bad("bad_frame_id", frame_id=b"f" * 10_000),
    }


def _no_pictures(now: datetime) -> dict[str, BadMessage]:
    def bad(jpeg: bytes, reason: str) -> BadMessage:
        return BadMessage(v2(jpeg, now), "image", reason)

    whole = draw_jpeg(side=200)
    progressive = encode(PillowImage.new("RGB", (64, 64)), "JPEG", progressive=True)
    still, second = PillowImage.new("RGB", (32, 32)), PillowImage.new("RGB", (32, 32), "red")
    animated: dict[str, Any] = {"save_all": True, "append_images": [second]}
    text_bomb = PngInfo()
    text_bomb.add_text("Comment", "0" * 10_000_000, zip=True)
    return {
        "truncated JPEG": bad(whole[: len(whole) // 2], "truncated_picture"),
        "PNG bomb": bad(_png(30_000, 30_000, bytes(1_000_000)), "outside_limits"),
        "PNG of 65535x65535": bad(_png(65_535, 65_535, b""), "outside_limits"),
        "JPEG of 65535x65535": bad(_jpeg_of_size(65_535, 65_535), "outside_limits"),
        "interlaced PNG, cut": bad(_png(64, 64, bytes(12_288), interlaced=True)[:-30], "truncated_picture"),
        "PNG with a text bomb": bad(encode(still, "PNG", pnginfo=text_bomb), "broken_picture"),
        "JPEG of 1,000 scans": bad(
            progressive[:-2] + progressive[progressive.rfind(b"\xff\xda") : -2] * 1000 + b"\xff\xd9", "outside_limits"
        ),
        "animated GIF": bad(encode(still, "GIF", **animated), "not_a_picture"),
        "animated WebP": bad(encode(still, "WEBP", **animated), "outside_limits"),
        "animated PNG": bad(encode(still, "PNG", **animated), "outside_limits"),
        "BMP": bad(encode(still, "BMP"), "not_a_picture"),
        "SVG": bad(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        "4x4 pixels": bad(draw_jpeg(side=4), "outside_limits"),
        "zeros": bad(bytes(50_000), "not_a_picture"),
    }


def _png(width: int, height: int, pixels: bytes, *, interlaced: bool = False) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    )


def _jpeg_of_size(width: int, height: int) -> bytes:
    jpeg = bytearray(draw_jpeg())
    frame = jpeg.find(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)

"""Pictures as the page shows them: small, and inside the page, so that no address can vanish between two refreshes."""

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image as PillowImage

from pipelines.errors import ImageError
from pipelines.images import decode_image

MAX_SIDE: Final = 560
"""Pixels; a card is 360 wide, on a screen of 1.5 times the usual density."""
SMALL_BYTES: Final = 100_000
NO_PICTURE: Final = "data:image/svg+xml;base64," + base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" fill="none" stroke="#8a97a3" stroke-width="3">'
    b'<rect x="128" y="78" width="64" height="48" rx="8"/><circle cx="160" cy="102" r="13"/>'
    b'<path d="M146 78l5-10h18l5 10"/>'
    b"</svg>"
).decode("ascii")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be shown, and the hash of the bytes it came from."""

    data_uri: str
    sha256: str


def load_picture(file: Path) -> Picture | None:
    """None when there is no file, or when it holds no picture."""
    try:
        changed = file.stat().st_mtime_ns
        return _load(file, changed)
    except (OSError, ImageError):
        return None


@lru_cache(maxsize=64)
def _load(file: Path, _changed: int) -> Picture:
    encoded = file.read_bytes()
    return Picture(data_uri=_data_uri(encoded), sha256=hashlib.sha256(encoded).hexdigest())


def _data_uri(encoded: bytes) -> str:
    image = decode_image(encoded)
    if len(encoded) > SMALL_BYTES or not encoded.startswith(b"\xff\xd8") or max(image.shape[:2]) > MAX_SIDE:
        picture = PillowImage.fromarray(image)
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        encoded = buffer.getvalue()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode('ascii')}"

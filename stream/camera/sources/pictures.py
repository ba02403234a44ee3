"""What a source yields, and how it becomes the JPEG that is sent."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from pipelines.classifying.video_frames import fit_within
from pipelines.errors import ImageError
from pipelines.images import FORMATS, Image, decode_image, resize_image
from stream.camera.addresses import SourceKind

JPEG_QUALITY: Final = 92
LONGEST_SIDE: Final = 4096
"""Decoded frames are never larger: a worker would refuse them."""
GLANCE_SIDE: Final = 640
"""Longest side of what a view is judged by, at least: a smaller one has lost the noise that a frozen view lacks."""
_HUFFMAN_TABLE: Final = b"\xff\xc4"
_SCAN: Final = b"\xff\xda"

Picture = bytes | Image
"""A JPEG as it came, or decoded RGB uint8 (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One frame of a source, not turned into a picture before it is known to be wanted."""

    load: Callable[[], Picture]
    """Raises ImageError or CameraError for a frame that cannot be used."""
    image_name: str | None = None
    interval_seconds: float | None = None
    """In a video file from the frame before to this one; None: the camera's rate says it."""


class Source(Protocol):
    """Opened by reading and closed by closing the iterator; read again it begins anew."""

    kind: SourceKind

    @property
    def shown(self) -> str:
        """The source without secrets."""
        ...

    @property
    def codec(self) -> str | None:
        """Known once it is open."""
        ...

    def frames(self) -> Iterator[SourceFrame]:
        """Blocks. Raises CameraError or VideoError for a source that cannot be opened or breaks off."""
        ...


def encode_picture(picture: Picture, longest: int | None) -> bytes:
    """A JPEG, no side longer than `longest`; a JPEG that is small enough goes as it is, whatever it holds."""
    if isinstance(picture, bytes):
        if longest is None or max(measure_jpeg(picture)) <= longest:
            return picture
        picture = decode_image(picture)
    height, width, _ = picture.shape
    if longest is not None and max(height, width) > longest:
        width, height = fit_within(width, height, longest)
        picture = resize_image(picture, (height, width))
    output = io.BytesIO()
    PillowImage.fromarray(picture).save(output, "JPEG", quality=JPEG_QUALITY)
    return output.getvalue()


def measure_jpeg(jpeg: bytes, formats: tuple[str, ...] = ("JPEG",)) -> tuple[int, int]:
    """(width, height) by its header. Raises ImageError for what is no JPEG."""
    try:
        with PillowImage.open(io.BytesIO(jpeg), formats=formats) as picture:
            return picture.size
    except UnidentifiedImageError as error:  # its own words hold a memory address
        raise ImageError("Expected a JPEG, received bytes of another kind.") from error
    except Exception as error:  # Pillow's parsers raise OSError, SyntaxError, ValueError, struct.error and more
        raise ImageError(f"Expected a JPEG. {type(error).__name__}: {str(error)[:200]}") from error


def glance(encoded: bytes) -> tuple[Image | None, int, int]:
    """A picture small enough to judge a view by, None where it cannot be decoded; width and height of the whole."""
    try:
        width, height = measure_jpeg(encoded, FORMATS)
    except ImageError:
        return None, 0, 0
    # decoding to an eighth costs a fraction of decoding all
    factor = next((each for each in (8, 4, 2) if max(width, height) >= each * GLANCE_SIDE), 1)
    mode = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    flags = mode.get(factor, cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    return (None if decoded is None else np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)), width, height


def is_complete_jpeg(encoded: bytes) -> bool:
    """Whether any decoder can read it: webcams leave out the Huffman tables, for they are always the same."""
    return encoded.startswith(b"\xff\xd8") and 0 < encoded.find(_HUFFMAN_TABLE) < encoded.find(_SCAN)

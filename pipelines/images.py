"""Encoded bytes to pixels: the one decoder, used by training and by serving."""

import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from pipelines.errors import ImageError

Image = NDArray[np.uint8]
"""Decoded picture: RGB uint8 (height, width, 3)."""

FORMATS: Final = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may be before it is decoded."""

    max_bytes: int = 4_000_000
    max_pixels: int = 25_000_000
    min_side: int = 8


DEFAULT_LIMITS: Final = ImageLimits()


def decode_image(encoded: bytes, *, limits: ImageLimits = DEFAULT_LIMITS) -> Image:
    """RGB uint8 (height, width, 3), EXIF orientation applied.

    Raises ImageError for a format, size or content outside the limits; nothing is decoded before the header
    has been checked.
    """
    if not encoded:
        raise ImageError("Expected a picture, received 0 bytes.")
    if len(encoded) > limits.max_bytes:
        raise ImageError(f"Expected at most {limits.max_bytes} bytes, received {len(encoded)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
            with PillowImage.open(io.BytesIO(encoded), formats=FORMATS) as picture:
                _check_header(picture, limits)
                upright = ImageOps.exif_transpose(picture)
                return np.asarray(_to_rgb(upright), dtype=np.uint8)
    except ImageError:
        raise
    except UnidentifiedImageError as error:  # its own words hold a memory address
        raise ImageError(f"Expected a {', '.join(FORMATS)} picture, received bytes of another kind.") from error
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        raise ImageError(
            f"Expected a {', '.join(FORMATS)} picture. {type(error).__name__}: {str(error)[:200]}"
        ) from error


def resize_image(image: Image, size_hw: tuple[int, int]) -> Image:
    """Squashed to (height, width) by antialiased bilinear; the one resize of training and serving."""
    if image.shape[:2] == size_hw:
        return image
    height, width = size_hw
    resized = PillowImage.fromarray(image).resize((width, height), PillowImage.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _check_header(picture: PillowImage.Image, limits: ImageLimits) -> None:
    width, height = picture.size
    if width * height > limits.max_pixels or min(width, height) < limits.min_side:
        raise ImageError(
            f"Expected {limits.min_side} pixels a side at least and {limits.max_pixels} in all, "
            f"received {width}x{height}."
        )
    frames = int(getattr(picture, "n_frames", 1))
    if frames > 1:
        raise ImageError(f"Expected a still picture, received an animation of {frames} frames.")


def _to_rgb(picture: PillowImage.Image) -> PillowImage.Image:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Pillow clips 16 bit instead of scaling it
        grey = np.asarray(picture).astype(np.uint32) >> 8
        picture = PillowImage.fromarray(grey.clip(0, 255).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        white = PillowImage.new("RGBA", rgba.size, "white")
        return PillowImage.alpha_composite(white, rgba).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")

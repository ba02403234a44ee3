"""From a JPEG to a network's input at a third of the cost: decoded smaller where that is enough, then squashed."""

import math
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images import (
    DEFAULT_LIMITS,
    JPEG_FORMATS,
    UPRIGHT_ALREADY,
    Image,
    ImageLimits,
    decode_by_pillow,
    decode_image,
    open_picture,
    read_orientation,
    resize_image,
)

Side = int | None
"""What a picture is decoded for: a square of so many pixels a side, or None, to have all of its pixels."""

SCALES: Final = (8, 4, 2)
"""By which a JPEG can be decoded smaller at little cost, and by Pillow too. libjpeg knows others, such as 3/8, but
takes longer for them than for the half."""
MOST_SHRINK: Final = 3
"""Beyond it two pixels of a row, or of a column, stand for too many that are not looked at."""


def decode_for(encoded: bytes, side: Side, *, limits: ImageLimits = DEFAULT_LIMITS) -> Image:
    """A picture as a network of that input wants it; of one side, what `decode_for_all` gives."""
    return decode_for_all(encoded, (side,), limits=limits)[side]


def decode_for_all(
    encoded: bytes, sides: Collection[Side], *, limits: ImageLimits = DEFAULT_LIMITS
) -> dict[Side, Image]:
    """Side -> RGB uint8 (side, side, 3), upright; None -> the picture as `decode_image` gives it.

    A JPEG is decoded once for each scale that is needed, as far down as both of its sides stay above the wanted one.
    The pixels for a side depend on nothing but the picture and that side. Raises as `decode_image` does.
    """
    decoded: dict[Side, Image] = {None: decode_image(encoded, limits=limits)} if None in sides else {}
    squares = {side for side in sides if side is not None}
    if not squares:
        return decoded
    scales, pictures = _decode_plain(encoded, squares, limits)
    for scale in set(scales.values()) - pictures.keys():
        pictures[scale] = decode_by_pillow(encoded, scale, limits)
    return decoded | {side: squash_image(pictures[scale], side) for side, scale in scales.items()}


def squash_image(image: NDArray[np.uint8], side: int) -> Image:
    """To (side, side, 3) by OpenCV's bilinear that is the same on every processor, or, of a picture that is more than
    three times as wide or high, as `resize_image` does. `image` may have a fourth channel, which is left out.

    OpenCV shares memory with an array. Pillow keeps four bytes a pixel and so copies it, and takes five times as long.
    """
    cv2 = _open_opencv()
    height, width, channels = image.shape
    if max(height, width) > MOST_SHRINK * side:
        return resize_image(np.ascontiguousarray(image[..., :3]), (side, side))
    if (height, width) != (side, side):
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGBA2RGB), np.uint8) if channels > len("RGB") else image


@cache
def _open_opencv() -> Any:
    """On the thread that asks: from 320 pixels a side it would start one a core, in each of as many workers."""
    import cv2

    cv2.setNumThreads(1)
    return cv2


def _decode_plain(
    encoded: bytes, sides: Collection[int], limits: ImageLimits
) -> tuple[dict[int, int], dict[int, NDArray[np.uint8]]]:
    """Side -> scale, and scale -> RGBX, for which OpenCV has its fastest ways.

    Scales are missing where the picture is none that simplejpeg takes, or one with any damage: Pillow, which gives the
    same pixels, tells which damage is too much.
    """
    import simplejpeg

    pictures: dict[int, NDArray[np.uint8]] = {}
    with open_picture(encoded, limits) as picture:
        jpeg = picture.format in JPEG_FORMATS
        scales = {side: choose_scale(picture.size, side) if jpeg else 1 for side in sides}
        if not jpeg or picture.mode not in ("RGB", "L") or read_orientation(picture) != UPRIGHT_ALREADY:
            return scales, pictures
        for scale in set(scales.values()):
            width, height = (math.ceil(each / scale) for each in picture.size)
            with suppress(ValueError):
                pictures[scale] = simplejpeg.decode_jpeg(
                    encoded, "RGBX", min_height=height, min_width=width, min_factor=1
                )
    return scales, pictures


def choose_scale(size: tuple[int, int], side: int) -> int:
    """By which a JPEG is divided: the largest that leaves both sides as long as the wanted one; 1 where none does."""
    return next((scale for scale in SCALES if math.ceil(min(size) / scale) >= side), 1)

"""Boxes as the sources write them: four numbers, counted from 0 or from 1, now and then nonsense."""

import math
from collections.abc import Sequence
from typing import Final

from pipelines.datasets.catalogue import Box

LARGEST: Final = 1_000_000
"""Pixels; a number beyond it is no place in a picture."""


def make_box(corners: Sequence[float], *, first_pixel: int = 0) -> Box | None:
    """Box of left, top, right and bottom; None when they enclose nothing.

    `first_pixel` is 1 where the source counts as MATLAB does, the last pixel included.
    """
    if len(corners) != 4 or not all(math.isfinite(corner) and abs(corner) < LARGEST for corner in corners):
        return None
    left, top = (max(math.floor(corner) - first_pixel, 0) for corner in corners[:2])
    right, bottom = (math.ceil(corner) for corner in corners[2:])
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def parse_box(words: Sequence[str], *, first_pixel: int = 0) -> Box | None:
    """Box of four written numbers; None when they are none."""
    try:
        return make_box([float(word) for word in words], first_pixel=first_pixel)
    except ValueError:
        return None

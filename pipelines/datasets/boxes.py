"""Cutting a picture to the box around the labelled thing."""

import math

from pipelines.datasets.catalogue import Box
from pipelines.errors import ImageError
from pipelines.images import DEFAULT_LIMITS, Image


def crop_box(image: Image, box: Box, margin: float) -> Image:
    """The box with `margin` of its width and height added to each side, as far as the picture reaches.

    Raises ImageError for a box that is empty, beside the picture, or smaller than a picture may be.
    """
    height, width = image.shape[:2]
    left, right = max(0, box.left), min(width, box.right)
    top, bottom = max(0, box.top), min(height, box.bottom)
    if min(right - left, bottom - top) < 1:
        raise ImageError(
            f"Expected a box within {width}x{height} pixels, received {box.left} {box.top} {box.right} {box.bottom}."
        )
    across, down = math.ceil(margin * box.width), math.ceil(margin * box.height)
    cut = image[max(0, top - down) : bottom + down, max(0, left - across) : right + across]
    if min(cut.shape[:2]) < DEFAULT_LIMITS.min_side:
        raise ImageError(
            f"Expected a box of {DEFAULT_LIMITS.min_side} pixels a side at least, received {box.width}x{box.height}."
        )
    return cut

"""Surfaces that fade from top to bottom."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.arrays import Floats
from pipelines.datasets.drawing.colours import Colour


def paint_gradient(canvas: Image.Image, outline: Sequence[tuple[float, float]], top: Colour, bottom: Colour) -> None:
    """Fill an outline from its upper to its lower edge."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    left, upper = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    right, lower = min(canvas.width, math.ceil(max(xs)) + 1), min(canvas.height, math.ceil(max(ys)) + 1)
    if right <= left or lower <= upper:
        return
    mask = Image.new("L", (right - left, lower - upper))
    ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in outline], fill=255)
    canvas.paste(vertical_gradient((right - left, lower - upper), top, bottom), (left, upper), mask)


def vertical_gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """RGB picture of (width, height) that fades from top to bottom."""
    width, height = size
    share: Floats = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    column = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom, np.float32) * share
    strip = Image.fromarray(column[:, None, :].round().astype(np.uint8))
    return strip.resize((width, height), Image.Resampling.NEAREST)

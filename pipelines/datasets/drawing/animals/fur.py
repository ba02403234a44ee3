"""Fur: strands on a body that is lit already, and a ragged edge."""

import numpy as np
from PIL import Image, ImageFilter

from pipelines.datasets.drawing.animals.clay import Surface
from pipelines.datasets.drawing.arrays import Floats, floats
from pipelines.datasets.drawing.light import run_on


def grow_fur(
    surface: Surface, colours: Floats, fluff: float, zoom: int, random: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """RGB picture and its mask, `zoom` times as large as the surface; `colours` are lit, a row a visible pixel.

    `fluff` 0 is a smooth coat, 1 a shaggy one.
    """
    width, height = surface.size
    strands = _strands(surface.size, random)
    pixels = np.zeros((height, width, 3), np.float32)
    pixels[surface.seen] = colours * (1 + (0.02 + 0.04 * fluff) * strands[surface.seen])[:, None]
    picture = run_on(pixels, surface.seen, 3)
    solid = Image.fromarray(surface.seen.astype(np.uint8) * 255)
    edge = np.asarray(solid.filter(ImageFilter.BoxBlur(0.7 + 1.6 * fluff)), np.float32) / 255
    # no hair flies free: where there is no edge, there is no noise
    ragged = edge + (0.02 + 0.11 * fluff) * strands * np.minimum(1, 8 * edge)
    cover = np.clip((ragged - 0.5) * (2.4 + 0.8 * fluff) + 0.5, 0, 1) * 255
    large = (width * zoom, height * zoom)
    mask = Image.fromarray(cover.astype(np.uint8))
    return picture.resize(large, Image.Resampling.BILINEAR), mask.resize(large, Image.Resampling.BILINEAR)


def _strands(size: tuple[int, int], random: np.random.Generator) -> Floats:
    """Chance of mean 0 and spread about 1, drawn out along the hair: (height, width)."""
    width, height = size
    grain = random.standard_normal((height + 3, width + 2), dtype=np.float32)
    lean = int(random.integers(2))
    drawn = grain[:-3, 1:-1] + grain[1:-2, lean : width + lean] + grain[2:-1, lean : width + lean]
    return floats(drawn * 0.6)

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
    pixels = np.zeros((height, width, 3), np.float32)
    pixels[surface.seen] = colours
    picture = run_on(pixels, surface.seen, 3)
    mask = Image.fromarray(surface.seen.astype(np.uint8) * 255)
    large = (width * zoom, height * zoom)
    rows = np.asarray(picture.resize(large, Image.Resampling.BICUBIC), np.float32)
    strands = _strands(large, random)
    furred = rows * (1 + (0.018 + 0.035 * fluff) * strands[:, :, None])
    edge = mask.filter(ImageFilter.BoxBlur(0.6 + 1.6 * fluff)).resize(large, Image.Resampling.BICUBIC)
    ragged = np.asarray(edge, np.float32) / 255 + (0.02 + 0.11 * fluff) * strands
    cover = np.clip((ragged - 0.42) * 5, 0, 1) * 255
    return (
        Image.fromarray(furred.clip(0, 255).astype(np.uint8)),
        Image.fromarray(cover.astype(np.uint8)),
    )


def _strands(size: tuple[int, int], random: np.random.Generator) -> Floats:
    """Chance of mean 0 and spread about 1, drawn out along the hair."""
    width, height = size
    grain = random.standard_normal((height // 2 + 1, width // 2 + 8), dtype=np.float32)
    lean = int(random.choice((-1, 1)))
    drawn = (
        grain
        + np.roll(grain, (1, lean), (0, 1))
        + np.roll(grain, (2, lean), (0, 1))
        + np.roll(grain, (3, 2 * lean), (0, 1))
    )
    strip = Image.fromarray((drawn * 30 + 128).clip(0, 255).astype(np.uint8))
    large = strip.crop((0, 0, width // 2, height // 2)).resize(size, Image.Resampling.BILINEAR)
    return floats((np.asarray(large, np.float32) - 128) / 60)

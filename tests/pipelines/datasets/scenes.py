"""Drawn scenes that differ as photographs do, and what people do to a picture before they save it again."""

import io
import random
from collections.abc import Callable

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageEnhance

from pipelines.images import Image

Change = Callable[[PillowImage.Image], PillowImage.Image]


def make_scene(seed: int, side: int = 100) -> Image:
    """A dozen shapes on a plain ground."""
    chance = random.Random(seed)
    picture = PillowImage.new("RGB", (side, side), _colour(chance))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        radius = chance.randrange(side // 16, side // 4)
        x, y = chance.randrange(side), chance.randrange(side)
        shape = draw.ellipse if chance.random() < 0.5 else draw.rectangle
        shape((x - radius, y - radius, x + radius, y + radius), fill=_colour(chance))
    return np.asarray(picture)


def encode_scene(seed: int, *, quality: int = 92) -> bytes:
    """A JPEG of it."""
    stream = io.BytesIO()
    PillowImage.fromarray(make_scene(seed)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def resave(image: Image, change: Change, quality: int = 85) -> Image:
    """The picture changed, saved as JPEG and opened again."""
    stream = io.BytesIO()
    change(PillowImage.fromarray(image)).save(stream, "JPEG", quality=quality)
    return np.asarray(PillowImage.open(stream).convert("RGB"))


def scale(share: float) -> Change:
    return lambda picture: picture.resize((round(picture.width * share), round(picture.height * share)))


def crop(left: float, top: float, right: float, bottom: float) -> Change:
    """Shares of the width and height to cut off."""
    return lambda picture: picture.crop(
        (
            round(left * picture.width),
            round(top * picture.height),
            round((1 - right) * picture.width),
            round((1 - bottom) * picture.height),
        )
    )


def brighten(factor: float) -> Change:
    return lambda picture: ImageEnhance.Brightness(picture).enhance(factor)


def mirror(picture: PillowImage.Image) -> PillowImage.Image:
    return picture.transpose(PillowImage.Transpose.FLIP_LEFT_RIGHT)


def keep(picture: PillowImage.Image) -> PillowImage.Image:
    return picture


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)

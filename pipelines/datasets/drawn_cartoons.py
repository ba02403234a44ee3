"""The drawn `simpsons` dataset: cartoon heads of invented characters, in ink and flat colours."""

import math
from dataclasses import replace

import numpy as np
from PIL import Image

from pipelines.datasets.drawing.cartoons.acting import paint_character
from pipelines.datasets.drawing.cartoons.characters import CHARACTERS, Character
from pipelines.datasets.drawing.cartoons.eyes import draw_act
from pipelines.datasets.drawing.cartoons.sets import paint_set
from pipelines.datasets.drawing.photograph import photograph
from pipelines.datasets.drawn_pictures import SUPERSAMPLING, Actor, DrawnPicture

CLASS_NAMES: tuple[str, ...] = tuple(sorted(character.name for character in CHARACTERS))
SUBJECT = "invented cartoon characters"
THINGS = "the cartoons of others"


def draw_picture(index: int, seed: int) -> DrawnPicture:
    """Picture `index` of a seed: the same bytes on every call."""
    random = np.random.default_rng((seed, index, 4))
    character = CHARACTERS[index % len(CHARACTERS)]
    width = int(random.integers(176, 289))
    height = max(144, round(width * float(random.uniform(0.72, 1.15))))
    canvas = _compose(character, (width * SUPERSAMPLING, height * SUPERSAMPLING), random)
    name = f"{character.name}_{seed}_{index:06d}.jpg"
    return DrawnPicture(character.name, name, photograph(canvas.reduce(SUPERSAMPLING), random))


def paint_stage(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """A painted set with nobody in it; RGB canvas of (width, height)."""
    return paint_set(size, random)


def cast_actor(label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
    """A character that comes from the left and talks."""
    character = next(character for character in CHARACTERS if character.name == label)
    act, seed = draw_act(random), int(random.integers(2**32))
    width, height = size
    pixels = 0.31 * min(height, 1.2 * width)

    def paint_at(canvas: Image.Image, x: float, seconds: float) -> None:
        speech = max(0.0, math.sin(9 * seconds) * math.sin(2.1 * seconds))
        doing = replace(act, gape=speech if speech > 0.2 else 0.0, lids=0.9 if seconds % 1.9 < 0.1 else act.lids)
        place = (x, 0.54 * height + 0.03 * pixels * math.sin(8 * seconds), pixels)
        paint_character(canvas, character, place, doing, np.random.default_rng(seed))

    return Actor(1.1 * pixels, paint_at)


def _compose(character: Character, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    width, height = size
    canvas = paint_set(size, random)
    pixels = float(random.uniform(0.18, 0.37)) * min(height, 1.2 * width)
    place = (width * float(random.uniform(0.26, 0.74)), height * float(random.uniform(0.44, 0.64)), pixels)
    paint_character(canvas, character, place, draw_act(random), random)
    return canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else canvas

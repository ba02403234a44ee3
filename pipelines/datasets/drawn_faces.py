"""The drawn `celebrities` dataset: invented people, each the same person in every light, pose and mood."""

import math

import numpy as np
from PIL import Image

from pipelines.datasets.drawing.light import draw_light
from pipelines.datasets.drawing.people.features import draw_mood
from pipelines.datasets.drawing.people.heads import Stand
from pipelines.datasets.drawing.people.persons import PEOPLE, Person
from pipelines.datasets.drawing.people.portraits import paint_person
from pipelines.datasets.drawing.photograph import photograph
from pipelines.datasets.drawing.places import paint_backdrop
from pipelines.datasets.drawn_pictures import SUPERSAMPLING, Actor, DrawnPicture

CLASS_NAMES: tuple[str, ...] = tuple(sorted(person.name for person in PEOPLE))
SUBJECT = "people who do not exist"
THINGS = "people"


def draw_picture(index: int, seed: int) -> DrawnPicture:
    """Picture `index` of a seed: the same bytes on every call."""
    random = np.random.default_rng((seed, index, 3))
    person = PEOPLE[index % len(PEOPLE)]
    width = int(random.integers(176, 241))
    height = max(160, round(width * float(random.uniform(1.0, 1.3))))
    canvas = _compose(person, (width * SUPERSAMPLING, height * SUPERSAMPLING), random)
    return DrawnPicture(
        person.name, f"{person.name}_{seed}_{index:06d}.jpg", photograph(canvas.reduce(SUPERSAMPLING), random)
    )


def paint_stage(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """A place with nobody in it; RGB canvas of (width, height)."""
    return paint_backdrop(size, random)


def cast_actor(label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
    """A person who comes from the left and looks about."""
    person = next(person for person in PEOPLE if person.name == label)
    mood, light, seed = draw_mood(random), draw_light(random, gloss=0.08), int(random.integers(2**32))
    width, height = size
    pixels = 0.3 * min(height, 1.25 * width)

    def paint_at(canvas: Image.Image, x: float, seconds: float) -> None:
        yaw, pitch = 16 * math.sin(1.7 * seconds), 4 * math.sin(2.3 * seconds)
        stand = Stand(
            yaw, pitch, 2 * math.sin(seconds), x, 0.47 * height + 0.02 * pixels * math.sin(9 * seconds), pixels
        )
        paint_person(canvas, person, stand, mood, light, np.random.default_rng(seed))

    return Actor(1.6 * pixels, paint_at)


def _compose(person: Person, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    width, height = size
    canvas = paint_backdrop(size, random)
    pixels = float(random.uniform(0.2, 0.35)) * min(height, 1.25 * width)
    stand = Stand(
        yaw_degrees=float(np.clip(random.normal(0, 14), -32, 32)),
        pitch_degrees=float(np.clip(random.normal(0, 6), -13, 13)),
        roll_degrees=float(random.normal(0, 5)),
        x=width * float(random.uniform(0.32, 0.68)),
        y=height * float(random.uniform(0.4, 0.54)),
        pixels=pixels,
    )
    paint_person(canvas, person, stand, draw_mood(random), draw_light(random, gloss=0.08), random)
    return canvas

"""The drawn `cars` dataset: pictures made by the program, so that the demo needs no download."""

from dataclasses import replace

import numpy as np
from PIL import Image

from pipelines.datasets.drawing.cars.bodywork import Paint, Pose, paint_car
from pipelines.datasets.drawing.cars.shapes import SHAPES, CarShape
from pipelines.datasets.drawing.colours import Colour
from pipelines.datasets.drawing.photograph import photograph
from pipelines.datasets.drawing.scenes import paint_foreground, paint_scene
from pipelines.datasets.drawn_pictures import SUPERSAMPLING, Actor, DrawnPicture

CLASS_NAMES: tuple[str, ...] = tuple(sorted(shape.name for shape in SHAPES))
SUBJECT = "invented makes and models"
THINGS = "cars"
COLOURS: tuple[Colour, ...] = (
    (196, 36, 40), (28, 74, 148), (238, 238, 236), (34, 36, 40), (168, 172, 178), (32, 108, 80), (238, 176, 36),
    (222, 104, 36), (92, 152, 190), (122, 34, 60), (226, 214, 184), (104, 110, 116), (64, 140, 134), (140, 98, 68),
    (112, 88, 150),
)  # fmt: skip


def draw_picture(index: int, seed: int) -> DrawnPicture:
    """Picture `index` of a seed: the same bytes on every call."""
    random = np.random.default_rng((seed, index))
    shape = SHAPES[index % len(SHAPES)]
    width = int(random.integers(176, 321))
    height = max(96, round(width * float(random.uniform(0.62, 0.8))))
    canvas = _compose(shape, (width * SUPERSAMPLING, height * SUPERSAMPLING), random)
    jpeg = photograph(canvas.reduce(SUPERSAMPLING), random)
    return DrawnPicture(shape.name, f"{shape.name}_{seed}_{index:06d}.jpg", jpeg)


def paint_stage(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """An empty road; RGB canvas of (width, height)."""
    return paint_scene(size, round(float(random.uniform(0.6, 0.68)) * size[1]), random)


def cast_actor(label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
    """A car of a class that drives to the right."""
    shape = next(shape for shape in SHAPES if shape.name == label)
    width, height = size
    scale = min(0.66 * width / shape.length, 0.66 * height / shape.height)
    pose = Pose(0.0, 0.88 * height, scale, shape.length, mirrored=False, rotation_degrees=0, shear=0, keystone=0)
    paint = _paint(random)

    def paint_at(canvas: Image.Image, x: float, seconds: float) -> None:
        left = x - scale * shape.length / 2
        rolled = replace(paint, rim_angle=paint.rim_angle - x / (scale * shape.wheel_radius))
        paint_car(canvas, shape, replace(pose, left=left), rolled)

    return Actor(scale * shape.length / 2, paint_at)


def _compose(shape: CarShape, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    height = size[1]
    pose = _pose(shape, size, random)
    horizon = round(pose.ground - float(random.uniform(0.12, 0.3)) * shape.height * pose.pixels_per_metre)
    canvas = paint_scene(size, min(max(horizon, 20), height - 20), random)
    paint_car(canvas, shape, pose, _paint(random))
    paint_foreground(canvas, pose.ground, shape.height * pose.pixels_per_metre, random)
    return canvas


def _pose(shape: CarShape, size: tuple[int, int], random: np.random.Generator) -> Pose:
    width, height = size
    across = float(random.uniform(0.67, 0.94)) * width
    scale = min(across / shape.length, 0.8 * height / shape.height)
    spare = width - scale * shape.length
    top = scale * shape.height + 0.06 * height
    return Pose(
        left=spare * float(random.uniform(0.08, 0.92)),
        ground=float(random.uniform(min(max(top, 0.68 * height), 0.86 * height), 0.92 * height)),
        pixels_per_metre=scale,
        length=shape.length,
        mirrored=bool(random.random() < 0.5),
        rotation_degrees=float(random.uniform(-4, 4)),
        shear=float(random.uniform(-0.08, 0.08)),
        keystone=float(random.uniform(-0.12, 0.12)),
    )


def _paint(random: np.random.Generator) -> Paint:
    body = np.asarray(COLOURS[random.integers(len(COLOURS))]) + random.integers(-16, 17, 3)
    stripe = COLOURS[random.integers(len(COLOURS))]
    red, green, blue = body.clip(0, 255).tolist()
    return Paint((red, green, blue), stripe, float(random.uniform(0, 0.7)), float(random.uniform(0, 6.3)))

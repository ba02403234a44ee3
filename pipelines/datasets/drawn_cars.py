"""The drawn `cars` dataset: pictures made by the program, so that the demo needs no download."""

import io
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from pipelines.datasets.drawing.canvas import Colour, Paint, Pose, paint_car
from pipelines.datasets.drawing.scenes import paint_foreground, paint_scene
from pipelines.datasets.drawing.shapes import SHAPES, CarShape

CLASS_NAMES: tuple[str, ...] = tuple(sorted(shape.name for shape in SHAPES))
SUPERSAMPLING = 2
COLOURS: tuple[Colour, ...] = (
    (196, 36, 40), (28, 74, 148), (238, 238, 236), (34, 36, 40), (168, 172, 178), (32, 108, 80), (238, 176, 36),
    (222, 104, 36), (92, 152, 190), (122, 34, 60), (226, 214, 184), (104, 110, 116), (64, 140, 134), (140, 98, 68),
    (112, 88, 150),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawnCar:
    """One picture of the drawn dataset."""

    label: str
    file_name: str
    jpeg: bytes


def draw_cars(folder: Path, images: int, seed: int) -> None:
    """Write `images` pictures into class folders below `folder`, drawn by every core.

    Picture i of a seed is the same however many are drawn; the classes take turns.
    """
    for name in CLASS_NAMES:
        (folder / name).mkdir(parents=True, exist_ok=True)
    workers = max(1, min(os.cpu_count() or 1, images // 16))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(partial(_draw_into, folder, seed), range(images), chunksize=16):
            pass


def draw_car(index: int, seed: int) -> DrawnCar:
    """Picture `index` of a seed: the same bytes on every call."""
    random = np.random.default_rng((seed, index))
    shape = SHAPES[index % len(SHAPES)]
    width = int(random.integers(176, 321))
    height = max(96, round(width * float(random.uniform(0.62, 0.8))))
    canvas = _compose(shape, (width * SUPERSAMPLING, height * SUPERSAMPLING), random)
    picture = _photograph(canvas.reduce(SUPERSAMPLING), random)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=int(random.integers(82, 95)))
    return DrawnCar(shape.name, f"{shape.name}_{seed}_{index:06d}.jpg", stream.getvalue())


def _draw_into(folder: Path, seed: int, index: int) -> None:
    car = draw_car(index, seed)
    (folder / car.label / car.file_name).write_bytes(car.jpeg)


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


def _photograph(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """What a camera adds: light, contrast, a little blur and noise."""
    if random.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 0.9))))
    pixels = np.asarray(picture, dtype=np.float32)
    contrast, light = float(random.uniform(0.8, 1.2)), float(random.uniform(0.72, 1.18))
    tint = random.uniform(0.94, 1.06, 3).astype(np.float32)
    noise = random.standard_normal(pixels.shape[:2], dtype=np.float32)[:, :, None] * float(random.uniform(0, 7))
    exposed = ((pixels - 128) * contrast + 128) * light * tint + noise
    return Image.fromarray(exposed.clip(0, 255).astype(np.uint8))

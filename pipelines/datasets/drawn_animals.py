"""The drawn `cats_dogs` dataset: cats and dogs of many breeds, modelled, lit and put into a room or a garden."""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pipelines.datasets.drawing.animals.anatomy import Bearing, Head, Stance, build_animal
from pipelines.datasets.drawing.animals.breeds import BREEDS, Breed
from pipelines.datasets.drawing.animals.clay import Balls, Surface, View, look_at
from pipelines.datasets.drawing.animals.coats import Coat, Hide, colour_hide, draw_coat
from pipelines.datasets.drawing.animals.faces import Look, draw_look, paint_face
from pipelines.datasets.drawing.animals.fur import grow_fur
from pipelines.datasets.drawing.arrays import floats
from pipelines.datasets.drawing.light import Light, draw_light, light_surface
from pipelines.datasets.drawing.photograph import photograph
from pipelines.datasets.drawing.places import paint_backdrop, paint_place
from pipelines.datasets.drawn_pictures import SUPERSAMPLING, Actor, DrawnPicture

CLASS_NAMES: tuple[str, ...] = ("cats", "dogs")
SUBJECT = "species, cats and dogs"
THINGS = "animals"
DISTANCE = 5.0
"""From the camera to the animal, in shoulder heights."""
STANCES: tuple[Stance, ...] = ("stand", "sit", "lie")
WALK_YAW = 32.0
"""Degrees; a walk straight across would show too little of a face."""
STEPS = 12
"""Pictures of one stride."""


@dataclass(frozen=True, slots=True)
class Animal:
    """One animal, before a camera is set up."""

    breed: Breed
    bearing: Bearing
    coat: Coat
    look: Look
    light: Light
    balls: Balls
    head: Head


def draw_picture(index: int, seed: int) -> DrawnPicture:
    """Picture `index` of a seed: the same bytes on every call."""
    random = np.random.default_rng((seed, index, 2))
    label = CLASS_NAMES[index % len(CLASS_NAMES)]
    width = int(random.integers(176, 265))
    height = max(128, round(width * float(random.uniform(0.72, 1.12))))
    canvas = _compose(label, (width * SUPERSAMPLING, height * SUPERSAMPLING), random)
    return DrawnPicture(label, f"{label}_{seed}_{index:06d}.jpg", photograph(canvas.reduce(SUPERSAMPLING), random))


def paint_stage(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """An empty room or garden; RGB canvas of (width, height)."""
    return paint_place(size, round(0.66 * size[1]), random)


def cast_actor(label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
    """An animal of a class that walks to the right and looks at the camera."""
    animal = _draw_animal(label, WALK_YAW, "stand", random)
    view = View(WALK_YAW, 8.0, DISTANCE)
    left, upper, right, lower = _bounds(animal.balls, view)
    width, height = (side / SUPERSAMPLING for side in size)
    pixels = min(0.72 * width / (right - left), 0.84 * height / (lower - upper))
    view = replace(view, pixels=pixels, left=-pixels * (left + right) / 2, top=0.94 * height - pixels * lower)
    seed = int(random.integers(2**32))
    steps = [_take_step(animal, step / STEPS) for step in range(STEPS)]
    renderings = [_render(step, view, np.random.default_rng(seed)) for step in steps]

    def paint_at(canvas: Image.Image, x: float, seconds: float) -> None:
        step = round(seconds * STEPS / 0.9) % STEPS
        middle = round(x / SUPERSAMPLING)
        _cast_shadow(canvas, steps[step], replace(view, left=view.left + middle))
        _paste(canvas, steps[step], renderings[step], middle)

    return Actor((right - left) * pixels * SUPERSAMPLING / 2, paint_at)


def _take_step(animal: Animal, share: float) -> Animal:
    """The same animal further on in its stride, 0 to 1."""
    swing = math.sin(2 * math.pi * share)
    pitch = animal.bearing.head_pitch + 2 * math.cos(4 * math.pi * share)
    bearing = replace(animal.bearing, stride=swing, head_pitch=pitch, head_yaw=30.0)
    balls, head = build_animal(animal.breed, bearing)
    return replace(animal, bearing=bearing, balls=balls, head=head)


def _compose(label: str, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    height = size[1]
    yaw = float(random.uniform(-12, 88))
    stance = STANCES[random.choice(3, p=(0.4, 0.38, 0.22))]
    animal = _draw_animal(label, yaw, stance, random)
    portrait = bool(random.random() < 0.45)
    view = View(yaw, float(random.uniform(2, 15)), DISTANCE)
    view = _frame_head(animal, view, size, random) if portrait else _frame_body(animal, view, size, random)
    if portrait:
        canvas = paint_backdrop(size, random)
    else:
        behind = view.top * SUPERSAMPLING - float(random.uniform(0.06, 0.3)) * height
        canvas = paint_place(size, round(min(max(behind, 30), height - 30)), random)
        _cast_shadow(canvas, animal, view)
    within = (canvas.width // SUPERSAMPLING, canvas.height // SUPERSAMPLING)
    _paste(canvas, animal, _render(animal, view, random, within))
    return canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else canvas


def _draw_animal(label: str, yaw: float, stance: Stance, random: np.random.Generator) -> Animal:
    kinds = [breed for breed in BREEDS if breed.species == label]
    breed = _vary(kinds[random.integers(len(kinds))], random)
    facing = float(random.triangular(15, 62, 100))
    bearing = Bearing(
        stance=stance,
        head_yaw=min(max(facing - yaw, -40), 65),
        head_pitch=float(random.uniform(-14, 12)),
        head_roll=float(random.normal(0, 8)),
        stride=float(random.uniform(-1, 1)),
        tail_lift=float(random.random()),
        panting=bool(random.random() < 0.4),
    )
    balls, head = build_animal(breed, bearing)
    coat = draw_coat(breed.markings[random.integers(len(breed.markings))], random)
    return Animal(breed, bearing, coat, draw_look(breed, random), draw_light(random), balls, head)


def _vary(breed: Breed, random: np.random.Generator) -> Breed:
    """No two animals of a breed are built alike."""
    names = ("leg", "length", "girth", "bone", "neck", "head", "snout", "ear")
    return replace(breed, **{name: getattr(breed, name) * float(random.uniform(0.92, 1.08)) for name in names})


def _frame_body(animal: Animal, view: View, size: tuple[int, int], random: np.random.Generator) -> View:
    """The whole animal in the picture, in pixels of the surface."""
    width, height = (side / SUPERSAMPLING for side in size)
    left, upper, right, lower = _bounds(animal.balls, view)
    fill = float(random.uniform(0.78, 0.97))
    pixels = fill * min(width / (right - left), height / (lower - upper))
    spare_x, spare_y = width - pixels * (right - left), height - pixels * (lower - upper)
    return replace(
        view,
        pixels=pixels,
        left=spare_x * float(random.uniform(0.15, 0.85)) - pixels * left,
        top=spare_y * float(random.uniform(0.35, 0.85)) - pixels * upper,
    )


def _frame_head(animal: Animal, view: View, size: tuple[int, int], random: np.random.Generator) -> View:
    """Head and shoulders."""
    width, height = (side / SUPERSAMPLING for side in size)
    pixels = float(random.uniform(0.26, 0.38)) * min(width, height) / animal.head.radius
    middle = animal.head.place(floats([(0.45 * animal.breed.snout, 0.1, 0.0)]))
    (x, y, _), *_ = view.project(middle)[0].tolist()
    return replace(
        view,
        pixels=pixels,
        left=width * float(random.uniform(0.4, 0.6)) - pixels * x,
        top=height * float(random.uniform(0.46, 0.58)) - pixels * y,
    )


def _bounds(balls: Balls, view: View) -> tuple[float, float, float, float]:
    flat, scale = view.project(balls.centres)
    radii = balls.radii * scale
    return (
        float((flat[:, 0] - radii).min()), float((flat[:, 1] - radii).min()),
        float((flat[:, 0] + radii).max()), float((flat[:, 1] + radii).max()),
    )  # fmt: skip


def _cast_shadow(canvas: Image.Image, animal: Animal, view: View) -> None:
    """Dark where the animal keeps the sky from the floor; drawn small, because a shadow has no edge."""
    low = animal.balls.centres[:, 1] < 0.75
    spots = animal.balls.centres[low] * floats((1, 0, 1))
    spots[:, 0] -= 0.1 * animal.light.lamp[0]
    flat, scale = view.project(spots)
    small, soft = 4, 0.07 * view.pixels
    radii = (animal.balls.radii[low] * scale).tolist()
    left, right = float(flat[:, 0].min() - max(radii) - soft), float(flat[:, 0].max() + max(radii) + soft)
    upper, lower = float(flat[:, 1].min() - max(radii) - soft), float(flat[:, 1].max() + max(radii) + soft)
    factor = SUPERSAMPLING / small
    shade = Image.new("L", (math.ceil((right - left) * factor), math.ceil((lower - upper) * factor)))
    draw = ImageDraw.Draw(shade)
    for (x, y, _), radius in zip(flat.tolist(), radii, strict=True):
        across, down, half = (x - left) * factor, (y - upper) * factor, radius * factor
        draw.ellipse((across - half, down - 0.4 * half, across + half, down + 0.4 * half), fill=150)
    blurred = shade.filter(ImageFilter.GaussianBlur(max(1.0, soft * factor / 2)))
    mask = blurred.resize((shade.width * small, shade.height * small), Image.Resampling.BILINEAR)
    canvas.paste((22, 20, 24), (round(left * SUPERSAMPLING), round(upper * SUPERSAMPLING)), mask)


@dataclass(frozen=True, slots=True)
class _Rendering:
    """An animal as the camera sees it, but for what is painted onto its face."""

    left: int
    upper: int
    """Where it lies, in pixels of the surface."""
    view: View
    """Of the cut-out."""
    surface: Surface
    picture: Image.Image
    mask: Image.Image


def _render(
    animal: Animal, view: View, random: np.random.Generator, within: tuple[int, int] | None = None
) -> _Rendering:
    """Only where the animal is, and `within` a picture of (width, height): fur and its edge are costly."""
    left, upper, right, lower = _bounds(animal.balls, view)
    whiskers = 0.7 * animal.head.radius * view.pixels
    left, upper, right, lower = left - whiskers, upper - 4, right + whiskers, lower + 4
    if within:
        left, upper, right, lower = max(0, left), max(0, upper), min(within[0], right), min(within[1], lower)
    x, y = math.floor(left), math.floor(upper)
    near = replace(view, left=view.left - x, top=view.top - y)
    surface = look_at(animal.balls, near, (math.ceil(right) - x, math.ceil(lower) - y))
    hide = Hide(animal.balls.parts[surface.owners], surface.spots, animal.head.locate(surface.spots))
    lit = light_surface(colour_hide(animal.coat, hide), surface.normals, animal.light)
    picture, mask = grow_fur(surface, lit, animal.breed.fluff, SUPERSAMPLING, random)
    return _Rendering(x, y, near, surface, picture, mask)


def _paste(canvas: Image.Image, animal: Animal, rendering: _Rendering, shift: int = 0) -> None:
    """Onto the canvas, `shift` pixels of the surface to the right, with its face."""
    left, upper = (rendering.left + shift) * SUPERSAMPLING, rendering.upper * SUPERSAMPLING
    cut = canvas.crop((left, upper, left + rendering.mask.width, upper + rendering.mask.height))
    cut.paste(rendering.picture, (0, 0), rendering.mask)
    draw = ImageDraw.Draw(cut, "RGBA")
    head, view = animal.head, rendering.view
    paint_face(draw, animal.breed, animal.bearing, animal.look, head, view, rendering.surface, SUPERSAMPLING)
    canvas.paste(cut, (left, upper))

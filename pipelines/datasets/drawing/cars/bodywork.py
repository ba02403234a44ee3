"""A car on a canvas: from metres through a pose to pixels, painted part by part."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.cars.shapes import CarShape, Part, Role
from pipelines.datasets.drawing.colours import Colour, darker, lighter, mix
from pipelines.datasets.drawing.gradients import paint_gradient

Pixels = list[tuple[float, float]]

ROLE_COLOURS: dict[Role, Colour] = {
    "trim": (38, 40, 44),
    "metal": (186, 190, 196),
    "cargo": (232, 233, 230),
    "front_lamp": (255, 247, 214),
    "rear_lamp": (204, 32, 30),
    "shade": (24, 25, 28),
}
TYRE: Colour = (27, 27, 30)
RIM: Colour = (198, 202, 208)
GLASS_TOP: Colour = (150, 178, 196)
GLASS_BOTTOM: Colour = (40, 54, 68)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where and how a car stands in the picture."""

    left: float
    ground: float
    """Pixels of the rear end and of the road below the wheels."""
    pixels_per_metre: float
    length: float
    mirrored: bool
    rotation_degrees: float
    shear: float
    keystone: float
    """How much taller the front is drawn than the rear: a cheap perspective."""

    def place(self, points: Iterable[tuple[float, float]]) -> Pixels:
        """Metres to pixels."""
        sine, cosine = math.sin(math.radians(self.rotation_degrees)), math.cos(math.radians(self.rotation_degrees))
        middle = self.length / 2
        placed = []
        for x, y in points:
            u = x - middle
            v = y * (1 + self.keystone * u / self.length)
            u = (u * (1 + self.keystone * u / self.length / 2) + self.shear * v) * (-1 if self.mirrored else 1)
            across, up = u * cosine - v * sine, u * sine + v * cosine
            scale = self.pixels_per_metre
            placed.append((self.left + (across + middle) * scale, self.ground - up * scale))
        return placed


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours of one car; drawn at random, whatever the class."""

    body: Colour
    stripe: Colour
    glass_tint: float
    rim_angle: float


def cut_corners(points: Sequence[tuple[float, float]], rounds: int) -> list[tuple[float, float]]:
    """A closed outline with rounded corners (Chaikin's corner cutting)."""
    outline = list(points)
    for _ in range(rounds):
        cut = []
        for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1], strict=True):
            cut.append((0.8 * x0 + 0.2 * x1, 0.8 * y0 + 0.2 * y1))
            cut.append((0.2 * x0 + 0.8 * x1, 0.2 * y0 + 0.8 * y1))
        outline = cut
    return outline


def paint_car(canvas: Image.Image, shape: CarShape, pose: Pose, paint: Paint) -> None:
    """Draw the whole car with its shadow onto an RGB canvas."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    _shadow(draw, shape, pose)
    for part in (part for part in shape.parts if part.behind):
        _part(canvas, draw, part, pose, paint)
    body = pose.place(cut_corners(shape.body, shape.body_rounds))
    paint_gradient(canvas, body, lighter(paint.body, 0.34), darker(paint.body, 0.42))
    _arches(draw, shape, pose)
    _shoulder_and_seams(draw, shape, pose, paint)
    for part in (part for part in shape.parts if not part.behind):
        _part(canvas, draw, part, pose, paint)
    _windows(canvas, draw, shape, pose, paint)
    for x in shape.wheels:
        _wheel(draw, x, shape, pose, paint)


def _part(canvas: Image.Image, draw: ImageDraw.ImageDraw, part: Part, pose: Pose, paint: Paint) -> None:
    outline = pose.place(cut_corners(part.outline, part.rounds))
    if part.role == "paint":
        paint_gradient(canvas, outline, lighter(paint.body, 0.42), darker(paint.body, 0.3))
        draw.line([*outline, outline[0]], fill=(0, 0, 0, 60), width=_width(pose, 0.018))
    elif part.role == "cargo":
        paint_gradient(canvas, outline, ROLE_COLOURS["cargo"], darker(ROLE_COLOURS["cargo"], 0.25))
    elif part.role == "stripe":
        draw.polygon(outline, fill=(*paint.stripe, 215))
    else:
        draw.polygon(outline, fill=ROLE_COLOURS[part.role])
        if part.role in ("front_lamp", "rear_lamp"):
            draw.line([*outline, outline[0]], fill=(20, 20, 24, 120), width=_width(pose, 0.015))


def _shadow(draw: ImageDraw.ImageDraw, shape: CarShape, pose: Pose) -> None:
    first, last = min(x for part in (shape.body, *(p.outline for p in shape.parts)) for x, _ in part), shape.length
    for grow, alpha in ((0.16, 40), (0.08, 55), (0.0, 90)):
        ring = _ring((first + last) / 2, 0.02, (last - first) / 2 * 1.02 + grow, 0.1 + grow * 0.6, 28)
        draw.polygon(pose.place(ring), fill=(10, 12, 16, alpha))
    rear, front, floor = shape.wheels[0], shape.wheels[-1], 1.3 * shape.wheel_radius
    draw.polygon(pose.place(((rear, floor), (front, floor), (front, 0.1), (rear, 0.1))), fill=(14, 15, 18, 235))


def _arches(draw: ImageDraw.ImageDraw, shape: CarShape, pose: Pose) -> None:
    radius = shape.wheel_radius
    for x in shape.wheels:
        draw.polygon(pose.place(_ring(x, radius, radius * 1.14, radius * 1.14, 32)), fill=(18, 18, 21))


def _shoulder_and_seams(draw: ImageDraw.ImageDraw, shape: CarShape, pose: Pose, paint: Paint) -> None:
    belt = min(y for _, y in shape.glass)
    left, right = min(x for x, _ in shape.body), shape.length
    light = pose.place(((left + 0.12, belt - 0.14), (right - 0.55, belt - 0.14)))
    draw.line(light, fill=(*lighter(paint.body, 0.6), 130), width=_width(pose, 0.03))
    for x, low, high in shape.seams:
        draw.line(pose.place(((x, low), (x, high))), fill=(*darker(paint.body, 0.6), 190), width=_width(pose, 0.02))
        handle = pose.place(((x + 0.1, belt - 0.22), (x + 0.3, belt - 0.22)))
        draw.line(handle, fill=(*darker(paint.body, 0.55), 220), width=_width(pose, 0.045))


def _windows(canvas: Image.Image, draw: ImageDraw.ImageDraw, shape: CarShape, pose: Pose, paint: Paint) -> None:
    outline = pose.place(cut_corners(shape.glass, 1))
    paint_gradient(canvas, outline, mix(GLASS_TOP, GLASS_BOTTOM, paint.glass_tint), GLASS_BOTTOM)
    low, high = min(y for _, y in shape.glass), max(y for _, y in shape.glass)
    left, right = min(x for x, _ in shape.glass), max(x for x, _ in shape.glass)
    rise = high - low
    for start in np.arange(left + 0.35, right - rise - 0.2, 1.05):
        x, lean = float(start), 0.7 * rise
        glint = ((x, low + 0.03), (x + lean, high - 0.12), (x + lean + 0.14, high - 0.12), (x + 0.14, low + 0.03))
        draw.polygon(pose.place(glint), fill=(255, 255, 255, 46))
    for x in shape.pillars:
        post = ((x - 0.045, low), (x - 0.035, high + 0.01), (x + 0.035, high + 0.01), (x + 0.045, low))
        draw.polygon(pose.place(post), fill=darker(paint.body, 0.12))
    draw.line([*outline, outline[0]], fill=(16, 18, 22, 170), width=_width(pose, 0.025))


def _wheel(draw: ImageDraw.ImageDraw, x: float, shape: CarShape, pose: Pose, paint: Paint) -> None:
    radius = shape.wheel_radius

    def disc(share: float, colour: Colour) -> None:
        draw.polygon(pose.place(_ring(x, radius, radius * share, radius * share, 36)), fill=colour)

    disc(1.0, TYRE)
    disc(0.68, (96, 98, 104))
    disc(0.64, RIM)
    if shape.spokes:
        disc(0.55, (70, 72, 78))
    for spoke in range(shape.spokes):
        angle = paint.rim_angle + 2 * math.pi * spoke / shape.spokes
        tip = (x + 0.6 * radius * math.cos(angle), radius + 0.6 * radius * math.sin(angle))
        draw.line(pose.place(((x, radius), tip)), fill=RIM, width=_width(pose, radius * 0.62 / max(shape.spokes, 4)))
    disc(0.2, (120, 123, 130))
    disc(0.11, (226, 228, 232))


def _ring(x: float, y: float, across: float, up: float, corners: int) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    return [(x + across * math.cos(a), y + up * math.sin(a)) for a in angles.tolist()]


def _width(pose: Pose, metres: float) -> int:
    return max(1, round(metres * pose.pixels_per_metre))

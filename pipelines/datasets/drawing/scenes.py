"""Streets for the drawn cars: sky, what stands behind, the road, and what stands in front."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.colours import Colour, jitter, scaled
from pipelines.datasets.drawing.gradients import vertical_gradient

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((96, 160, 214), (214, 232, 242)),
    ((128, 150, 170), (208, 212, 214)),
    ((238, 158, 108), (252, 220, 176)),
    ((84, 116, 166), (240, 198, 168)),
    ((52, 66, 104), (148, 150, 178)),
    ((152, 200, 220), (240, 240, 226)),
)
ROADS: tuple[Colour, ...] = ((92, 94, 98), (112, 110, 108), (74, 78, 86), (138, 132, 122), (120, 116, 108))
WALLS: tuple[Colour, ...] = (
    (186, 150, 122), (204, 190, 166), (142, 152, 160), (168, 108, 92), (118, 126, 138), (214, 206, 190),
    (150, 168, 150),
)  # fmt: skip
LEAVES: tuple[Colour, ...] = ((74, 118, 70), (96, 134, 72), (58, 98, 74), (142, 128, 66))


def paint_scene(size: tuple[int, int], horizon: int, random: np.random.Generator) -> Image.Image:
    """RGB canvas of (width, height) with the road's far edge at `horizon`."""
    canvas = Image.new("RGB", size)
    paint_distance(canvas, horizon, random)
    _road(canvas, ImageDraw.Draw(canvas, "RGBA"), horizon, random)
    return canvas


def paint_distance(canvas: Image.Image, horizon: int, random: np.random.Generator) -> None:
    """The sky and what stands before it, above `horizon`."""
    top, bottom = (jitter(colour, 12, random) for colour in SKIES[random.integers(len(SKIES))])
    canvas.paste(vertical_gradient((canvas.width, horizon), top, bottom))
    draw = ImageDraw.Draw(canvas, "RGBA")
    backdrop = (_hills, _houses, _trees, _wall, _clouds)[random.integers(5)]
    if random.random() < 0.5:
        _clouds(draw, canvas.width, horizon, random)
    backdrop(draw, canvas.width, horizon, random)


@dataclass(frozen=True, slots=True)
class _Front:
    """Where things may stand before the car."""

    draw: ImageDraw.ImageDraw
    width: int
    height: int
    ground: float
    car_height: float
    random: np.random.Generator

    def across(self, first: float = 0.0, last: float = 1.0) -> float:
        return float(self.random.uniform(first, last)) * self.width

    def foot(self, share: float) -> float:
        """Below the wheels by a share of the car's height, inside the picture."""
        return min(self.height, self.ground + self.car_height * share)


def paint_foreground(canvas: Image.Image, ground: float, car_height: float, random: np.random.Generator) -> None:
    """Things that hide a part of the car: a post, a sign, a bush, a cone, a railing."""
    front = _Front(ImageDraw.Draw(canvas, "RGBA"), *canvas.size, ground, car_height, random)
    for _ in range(int(random.choice((0, 0, 1, 1, 1, 2)))):
        (_post, _bush, _cone, _railing, _sign)[random.integers(5)](front)


def _hills(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    for layer in range(2):
        peak = horizon * float(random.uniform(0.25, 0.55)) * (1 - 0.4 * layer)
        phase, waves = float(random.uniform(0, 6.3)), float(random.uniform(1.0, 3.0))
        crest = [
            (x, horizon - peak * (0.55 + 0.45 * math.sin(phase + waves * 6.3 * x / width)))
            for x in range(0, width + 16, 16)
        ]
        shade = float(random.uniform(0.75, 1.0)) - 0.12 * layer
        colour = scaled(jitter(LEAVES[random.integers(len(LEAVES))], 18, random), shade)
        draw.polygon([*crest, (width + 16, horizon), (0, horizon)], fill=(*colour, 235))


def _houses(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    x = -float(random.uniform(0, 0.1)) * width
    while x < width:
        across = float(random.uniform(0.14, 0.34)) * width
        tall = horizon * float(random.uniform(0.4, 0.98))
        wall = jitter(WALLS[random.integers(len(WALLS))], 16, random)
        draw.rectangle((x, horizon - tall, x + across, horizon), fill=wall)
        draw.rectangle((x, horizon - tall, x + across, horizon - tall + 5), fill=scaled(wall, 0.7))
        _house_windows(draw, (x, horizon - tall, x + across, float(horizon)), wall, random)
        x += across + float(random.choice((0, 0, 0.03))) * width


def _house_windows(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], wall: Colour, random: np.random.Generator
) -> None:
    left, upper, right, lower = box
    step = max(26.0, (right - left) / int(random.integers(2, 5)))
    pane = scaled(wall, 0.55) if random.random() < 0.7 else (236, 214, 150)
    for y in np.arange(upper + 16, lower - 18, step * 1.1).tolist():
        for x in np.arange(left + step * 0.25, right - step * 0.5, step).tolist():
            draw.rectangle((x, y, x + step * 0.45, y + step * 0.62), fill=pane)


def _trees(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    for _ in range(int(random.integers(4, 9))):
        x, size = float(random.uniform(0, width)), horizon * float(random.uniform(0.16, 0.34))
        leaf = jitter(LEAVES[random.integers(len(LEAVES))], 16, random)
        draw.rectangle((x - size * 0.08, horizon - size * 1.4, x + size * 0.08, horizon), fill=(92, 74, 58))
        for across, up, share in ((-0.4, 1.5, 0.6), (0.4, 1.5, 0.6), (0, 2.0, 0.75)):
            cx, cy, radius = x + across * size, horizon - up * size, share * size
            draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=scaled(leaf, 0.85 + 0.1 * up / 2))


def _wall(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    wall = jitter(WALLS[random.integers(len(WALLS))], 20, random)
    tall = horizon * float(random.uniform(0.6, 1.0))
    draw.rectangle((0, horizon - tall, width, horizon), fill=wall)
    course = float(random.uniform(12, 26))
    for row, y in enumerate(np.arange(horizon - tall, horizon, course).tolist()):
        draw.line((0, y, width, y), fill=(0, 0, 0, 34), width=2)
        for x in np.arange(-course * (row % 2), width, course * 2).tolist():
            draw.line((x, y, x, y + course), fill=(0, 0, 0, 26), width=2)
    if random.random() < 0.5:
        left = float(random.uniform(0, 0.7)) * width
        poster = jitter((180, 120, 110), 70, random)
        draw.rectangle((left, horizon - tall * 0.85, left + width * 0.26, horizon - tall * 0.25), fill=poster)


def _clouds(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    for _ in range(int(random.integers(1, 4))):
        x, y = float(random.uniform(0, width)), float(random.uniform(0.05, 0.55)) * horizon
        for _ in range(4):
            across, up = float(random.uniform(20, 60)), float(random.uniform(8, 18))
            draw.ellipse((x - across, y - up, x + across, y + up), fill=(255, 255, 255, 105))
            x += across * 0.7


def _road(canvas: Image.Image, draw: ImageDraw.ImageDraw, horizon: int, random: np.random.Generator) -> None:
    width, height = canvas.size
    road = jitter(scaled(ROADS[random.integers(len(ROADS))], float(random.uniform(0.8, 1.25))), 4, random)
    canvas.paste(vertical_gradient((width, height - horizon), scaled(road, 0.86), scaled(road, 1.12)), (0, horizon))
    kerb = max(4, (height - horizon) // 9)
    draw.rectangle((0, horizon, width, horizon + kerb), fill=jitter((176, 172, 164), 22, random))
    draw.rectangle((0, horizon + kerb, width, horizon + kerb + 2), fill=(30, 30, 34, 90))
    if random.random() < 0.6:
        y = horizon + (height - horizon) * float(random.uniform(0.78, 0.95))
        paint = (240, 214, 110, 190) if random.random() < 0.3 else (236, 236, 230, 190)
        dash = float(random.uniform(40, 90))
        for x in np.arange(-float(random.uniform(0, dash)), width, dash * 1.7).tolist():
            draw.polygon(((x, y), (x + dash, y), (x + dash - 8, y + 6), (x - 8, y + 6)), fill=paint)


def _post(front: _Front) -> None:
    x, across = front.across(0.05, 0.95), front.across(0.012, 0.03)
    foot = front.foot(0.16)
    front.draw.rectangle((x, 0, x + across, foot), fill=jitter((86, 90, 96), 26, front.random))
    front.draw.rectangle((x, 0, x + across * 0.3, foot), fill=(255, 255, 255, 50))


def _sign(front: _Front) -> None:
    x, radius = front.across(0.05, 0.95), front.across(0.035, 0.06)
    top = front.ground - front.car_height * float(front.random.uniform(0.7, 1.2))
    colour = ((196, 40, 38), (40, 92, 170), (230, 180, 40))[front.random.integers(3)]
    front.draw.rectangle((x - 3, top, x + 3, front.foot(0.14)), fill=(128, 130, 134))
    for share, fill in ((1.0, colour), (0.66, (238, 238, 234))):
        r = radius * share
        front.draw.ellipse((x - r, top - r, x + r, top + r), fill=fill)


def _bush(front: _Front) -> None:
    x, radius = front.across(), front.car_height * float(front.random.uniform(0.16, 0.3))
    leaf = jitter(LEAVES[front.random.integers(len(LEAVES))], 18, front.random)
    base = front.ground + front.car_height * 0.18
    for across, up, share in ((-0.8, 0.2, 0.7), (0.8, 0.2, 0.7), (0, 0.5, 0.9), (0.3, 0, 0.8)):
        cx, cy, r = x + across * radius, base - up * radius, share * radius
        front.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=scaled(leaf, 0.9 + 0.2 * up))


def _cone(front: _Front) -> None:
    x, tall = front.across(), front.car_height * float(front.random.uniform(0.22, 0.36))
    base = front.ground + front.car_height * 0.16
    low, high = base - tall * 0.34, base - tall * 0.6
    band = ((x - tall * 0.2, low), (x - tall * 0.12, high), (x + tall * 0.12, high), (x + tall * 0.2, low))
    front.draw.polygon(((x - tall * 0.3, base), (x, base - tall), (x + tall * 0.3, base)), fill=(232, 104, 36))
    front.draw.polygon(band, fill=(244, 244, 240))
    front.draw.rectangle((x - tall * 0.42, base - 3, x + tall * 0.42, base + 3), fill=(60, 60, 64))


def _railing(front: _Front) -> None:
    random = front.random
    top = front.ground - front.car_height * float(random.uniform(-0.02, 0.1))
    steel = jitter((150, 154, 160), 40, random)
    front.draw.rectangle((0, top, front.width, top + 5), fill=steel)
    for x in np.arange(float(random.uniform(0, 60)), front.width, float(random.uniform(50, 90))).tolist():
        front.draw.rectangle((x, top, x + 5, front.ground + front.car_height * 0.22), fill=scaled(steel, 0.85))

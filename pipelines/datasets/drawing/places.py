"""Places for animals and people: rooms and gardens, with a floor that something can stand on."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pipelines.datasets.drawing.colours import Colour, darker, jitter, lighter, mix, scaled
from pipelines.datasets.drawing.gradients import vertical_gradient
from pipelines.datasets.drawing.scenes import paint_distance

WALLPAPERS: tuple[Colour, ...] = (
    (214, 202, 182), (168, 186, 180), (190, 170, 160), (150, 164, 184), (206, 188, 150), (176, 148, 138),
    (128, 146, 140), (222, 216, 206), (108, 124, 140), (196, 176, 190),
)  # fmt: skip
FLOORS: tuple[Colour, ...] = ((164, 120, 82), (126, 92, 66), (186, 152, 112), (150, 146, 142), (112, 104, 100))
FABRICS: tuple[Colour, ...] = (
    (158, 74, 66), (72, 104, 122), (92, 116, 88), (204, 172, 120), (120, 92, 128), (212, 132, 88), (86, 88, 104),
)  # fmt: skip
GROUNDS: tuple[tuple[Colour, str], ...] = (
    ((104, 142, 72), "grass"), ((92, 124, 66), "grass"), ((142, 148, 80), "grass"), ((216, 196, 152), "plain"),
    ((232, 236, 242), "plain"), ((150, 142, 132), "paving"), ((172, 160, 146), "paving"), ((134, 108, 82), "plain"),
)  # fmt: skip


def paint_place(
    size: tuple[int, int], horizon: int, random: np.random.Generator, blur: tuple[float, float] = (0.4, 2.4)
) -> Image.Image:
    """RGB canvas of (width, height) with the far edge of the floor at `horizon`, out of focus by so many pixels."""
    outdoors = bool(random.random() < 0.5)
    canvas = Image.new("RGB", size)
    if outdoors:
        paint_distance(canvas, horizon, random)
        _ground(canvas, horizon, random)
    else:
        _wall(canvas, horizon, random)
        _floor(canvas, horizon, random)
    return _unsharp(canvas, float(random.uniform(*blur)))


def paint_backdrop(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """RGB canvas of (width, height) for a portrait: a place far out of focus."""
    return paint_place(size, round(float(random.uniform(0.62, 0.9)) * size[1]), random, blur=(3, 9))


def _unsharp(canvas: Image.Image, radius: float) -> Image.Image:
    """Blurred small: what is out of focus has no detail to lose."""
    factor = 2 if radius < 3 else 4
    small = canvas.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(canvas.size, Image.Resampling.BILINEAR)


def _wall(canvas: Image.Image, horizon: int, random: np.random.Generator) -> None:
    width = canvas.width
    wall = jitter(WALLPAPERS[random.integers(len(WALLPAPERS))], 14, random)
    canvas.paste(vertical_gradient((width, horizon), scaled(wall, 0.92), lighter(wall, 0.12)))
    draw = ImageDraw.Draw(canvas, "RGBA")
    pattern = int(random.integers(4))
    step = float(random.uniform(26, 64))
    if pattern == 1:
        for x in np.arange(float(random.uniform(0, step)), width, step).tolist():
            draw.rectangle((x, 0, x + step * 0.42, horizon), fill=(255, 255, 255, 34))
    elif pattern == 2:
        for row, y in enumerate(np.arange(0, horizon, step * 0.8).tolist()):
            for x in np.arange(step / 2 * (row % 2), width, step).tolist():
                draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(*darker(wall, 0.25), 90))
    for _ in range(int(random.integers(0, 3))):
        (_window, _frame, _sofa, _plant, _shelf)[random.integers(5)](draw, width, horizon, random)
    draw.rectangle((0, horizon - 14, width, horizon), fill=lighter(wall, 0.5))


def _window(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    left, across = float(random.uniform(-0.05, 0.7)) * width, float(random.uniform(0.24, 0.4)) * width
    top, tall = float(random.uniform(0.02, 0.15)) * horizon, float(random.uniform(0.4, 0.6)) * horizon
    sky = jitter((190, 218, 236), 22, random)
    draw.rectangle((left - 9, top - 9, left + across + 9, top + tall + 9), fill=(240, 238, 232))
    draw.rectangle((left, top, left + across, top + tall), fill=sky)
    draw.polygon(((left, top + tall), (left + across * 0.3, top + tall * 0.55), (left + across * 0.7,
                                                                                 top + tall * 0.72),
                  (left + across, top + tall * 0.5), (left + across, top + tall)), fill=(132, 162, 116))  # fmt: skip
    draw.rectangle((left + across / 2 - 4, top, left + across / 2 + 4, top + tall), fill=(240, 238, 232))


def _frame(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    left, across = float(random.uniform(0, 0.8)) * width, float(random.uniform(0.12, 0.24)) * width
    top, tall = float(random.uniform(0.05, 0.3)) * horizon, across * float(random.uniform(0.7, 1.3))
    colour = FABRICS[random.integers(len(FABRICS))]
    draw.rectangle((left, top, left + across, top + tall), fill=(86, 66, 50))
    draw.rectangle((left + 7, top + 7, left + across - 7, top + tall - 7), fill=lighter(colour, 0.6))
    middle = top + tall * float(random.uniform(0.4, 0.7))
    draw.rectangle((left + 7, middle, left + across - 7, top + tall - 7), fill=jitter(colour, 20, random))


def _sofa(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    left, across = float(random.uniform(-0.2, 0.4)) * width, float(random.uniform(0.55, 0.9)) * width
    tall = float(random.uniform(0.3, 0.46)) * horizon
    colour = jitter(FABRICS[random.integers(len(FABRICS))], 18, random)
    base = horizon + 8
    draw.rounded_rectangle((left, base - tall, left + across, base), 26, fill=scaled(colour, 0.88))
    for side in (0, 1):
        x = left + across * (0.06 + 0.45 * side)
        draw.rounded_rectangle((x, base - tall * 0.9, x + across * 0.42, base - tall * 0.35), 22, fill=colour)
    draw.rounded_rectangle((left, base - tall * 0.42, left + across, base - 8), 20, fill=lighter(colour, 0.12))
    pillow = jitter(FABRICS[random.integers(len(FABRICS))], 20, random)
    x = left + across * float(random.uniform(0.1, 0.7))
    draw.rounded_rectangle((x, base - tall * 0.78, x + across * 0.18, base - tall * 0.4), 16, fill=pillow)


def _plant(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    x, tall = float(random.uniform(0.05, 0.95)) * width, float(random.uniform(0.3, 0.6)) * horizon
    leaf = jitter((84, 124, 78), 20, random)
    pot = jitter((178, 104, 72), 20, random)
    for angle in random.uniform(-1.1, 1.1, 9).tolist():
        tip = (x + math.sin(angle) * tall * 0.6, horizon - 40 - math.cos(angle) * tall)
        middle = ((x + tip[0]) / 2 + 14, (horizon - 40 + tip[1]) / 2)
        draw.polygon(((x - 5, horizon - 40), (middle[0] - 30, middle[1]), tip, middle, (x + 5, horizon - 40)),
                     fill=scaled(leaf, 1.0 + 0.2 * math.sin(5 * angle)))  # fmt: skip
    draw.polygon(
        ((x - 26, horizon - 48), (x + 26, horizon - 48), (x + 19, horizon + 6), (x - 19, horizon + 6)), fill=pot
    )


def _shelf(draw: ImageDraw.ImageDraw, width: int, horizon: int, random: np.random.Generator) -> None:
    y, left = float(random.uniform(0.25, 0.6)) * horizon, float(random.uniform(-0.1, 0.5)) * width
    across = float(random.uniform(0.35, 0.6)) * width
    draw.rectangle((left, y, left + across, y + 9), fill=(120, 88, 62))
    x = left + 8.0
    while x < left + across - 24:
        thick, tall = float(random.uniform(9, 22)), float(random.uniform(40, 84))
        book = jitter(FABRICS[random.integers(len(FABRICS))], 24, random)
        if random.random() < 0.8:
            draw.rectangle((x, y - tall, x + thick, y), fill=book)
        x += thick + 1


def _floor(canvas: Image.Image, horizon: int, random: np.random.Generator) -> None:
    width, height = canvas.size
    floor = jitter(FLOORS[random.integers(len(FLOORS))], 16, random)
    canvas.paste(vertical_gradient((width, height - horizon), scaled(floor, 0.8), scaled(floor, 1.12)), (0, horizon))
    draw = ImageDraw.Draw(canvas, "RGBA")
    y, step = float(horizon), 7.0
    while y < height:
        draw.line((0, y, width, y), fill=(0, 0, 0, 34), width=2)
        for x in np.arange(float(random.uniform(0, 180)), width, 180).tolist():
            draw.line((x, y, x, y + step), fill=(0, 0, 0, 30), width=2)
        y += step
        step *= 1.35
    if random.random() < 0.45:
        rug = jitter(FABRICS[random.integers(len(FABRICS))], 20, random)
        x, deep = float(random.uniform(0.3, 0.7)) * width, height - horizon
        for share, colour in ((1.0, rug), (0.86, lighter(rug, 0.45)), (0.8, rug)):
            across, up = 0.46 * width * share, 0.36 * deep * share
            middle = horizon + 0.55 * deep
            draw.ellipse((x - across, middle - up, x + across, middle + up), fill=colour)


def _ground(canvas: Image.Image, horizon: int, random: np.random.Generator) -> None:
    width, height = canvas.size
    base, kind = GROUNDS[random.integers(len(GROUNDS))]
    colour = jitter(base, 12, random)
    far = mix(colour, (200, 206, 204), 0.3)
    canvas.paste(vertical_gradient((width, height - horizon), far, scaled(colour, 0.92)), (0, horizon))
    draw = ImageDraw.Draw(canvas, "RGBA")
    if kind == "paving":
        y, step = float(horizon), 9.0
        while y < height:
            draw.line((0, y, width, y), fill=(0, 0, 0, 36), width=2)
            y, step = y + step, step * 1.4
        for x in range(-width, 2 * width, 110):
            draw.line((width / 2 + (x - width / 2) * 0.4, horizon, x, height), fill=(0, 0, 0, 30), width=2)
        return
    for _ in range(130 if kind == "grass" else 40):
        left, y = float(random.uniform(0, width)), float(horizon + random.beta(1, 1.4) * (height - horizon))
        tall = 3 + 0.1 * (y - horizon) * float(random.uniform(0.5, 1))
        shade = scaled(colour, float(random.uniform(0.78, 1.18)))
        if kind == "grass":
            draw.polygon(
                ((left - 3, y), (left + float(random.uniform(-7, 7)), y - tall - 4), (left + 3, y)), fill=(*shade, 190)
            )
        else:
            draw.ellipse((left - 2 * tall, y - tall * 0.4, left + 2 * tall, y + tall * 0.4), fill=(*shade, 60))

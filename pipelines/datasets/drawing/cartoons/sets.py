"""Painted sets for cartoons: flat, bright, and as invented as those who stand in them."""

import math

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.cartoons.ink import INK
from pipelines.datasets.drawing.colours import Colour, darker, jitter, lighter

TONES: tuple[Colour, ...] = (
    (126, 186, 226), (244, 206, 140), (176, 208, 160), (226, 168, 176), (168, 156, 206), (236, 226, 204), (120, 150,
                                                                                                           160),
    (86, 84, 132),
)  # fmt: skip


def paint_set(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """RGB canvas of (width, height)."""
    tone = jitter(TONES[random.integers(len(TONES))], 16, random)
    canvas = Image.new("RGB", size, tone)
    draw = ImageDraw.Draw(canvas, "RGBA")
    (_town, _room, _tiles, _rays, _night, _meadow)[random.integers(6)](draw, size, tone, random)
    return canvas


def _town(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    x = -20.0
    while x < width:
        across, tall = float(random.uniform(0.14, 0.28)) * width, float(random.uniform(0.3, 0.75)) * height
        wall = jitter(TONES[random.integers(len(TONES))], 20, random)
        draw.rectangle((x, height - tall, x + across, height), fill=wall, outline=INK, width=4)
        if random.random() < 0.5:
            roof = (
                (x - 8, height - tall),
                (x + across / 2, height - tall - 0.3 * across),
                (x + across + 8, height - tall),
            )
            draw.polygon(roof, fill=darker(wall, 0.35), outline=INK, width=4)
        for row in np.arange(height - tall + 24, height, 62).tolist():
            for column in (0.18, 0.6):
                left = x + across * column
                draw.rectangle(
                    (left, row, left + across * 0.22, row + 34), fill=lighter(wall, 0.55), outline=INK, width=3
                )
        x += across


def _room(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    floor = height * float(random.uniform(0.7, 0.9))
    draw.rectangle((0, floor, width, height), fill=darker(tone, 0.3))
    draw.line((0, floor, width, floor), fill=INK, width=5)
    left, across = float(random.uniform(0, 0.65)) * width, float(random.uniform(0.25, 0.4)) * width
    top, tall = 0.08 * height, float(random.uniform(0.3, 0.45)) * height
    if random.random() < 0.5:
        draw.rectangle((left, top, left + across, top + tall), fill=(176, 220, 244), outline=INK, width=6)
        draw.line((left + across / 2, top, left + across / 2, top + tall), fill=INK, width=5)
        for side in (0, 1):
            x = left + across * side
            curtain = (
                (x - 26, top - 10),
                (x + 26, top - 10),
                (x + 8 - 34 * side, top + tall + 26),
                (x - 44 + 80 * side, top + tall + 26),
            )
            draw.polygon(curtain, fill=jitter((206, 96, 92), 40, random), outline=INK, width=4)
    else:
        draw.rectangle((left, top, left + across, top + tall), fill=lighter(tone, 0.5), outline=INK, width=7)
        draw.ellipse(
            (left + across * 0.3, top + tall * 0.25, left + across * 0.7, top + tall * 0.75),
            fill=jitter((220, 120, 90), 50, random),
        )


def _tiles(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    side = float(random.uniform(50, 110))
    for row in range(math.ceil(height / side)):
        for column in range(math.ceil(width / side)):
            if (row + column) % 2:
                draw.rectangle(
                    (column * side, row * side, (column + 1) * side, (row + 1) * side), fill=lighter(tone, 0.22)
                )


def _rays(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    x, y, far = width * float(random.uniform(0.2, 0.8)), height * float(random.uniform(0.3, 1.0)), width + height
    start = float(random.uniform(0, 1))
    for ray in range(12):
        first, last = start + ray * math.pi / 6, start + (ray + 0.5) * math.pi / 6
        tip = (
            (x + far * math.cos(first), y + far * math.sin(first)),
            (x + far * math.cos(last), y + far * math.sin(last)),
        )
        draw.polygon(((x, y), *tip), fill=lighter(tone, 0.3))


def _night(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    draw.rectangle((0, 0, width, height), fill=darker(tone, 0.55))
    for x, y in random.uniform(0, 1, (40, 2)).tolist():
        radius = float(random.uniform(1.5, 5))
        draw.ellipse(
            (x * width - radius, y * height - radius, x * width + radius, y * height + radius), fill=(255, 250, 220)
        )
    x, y, radius = width * float(random.uniform(0.1, 0.9)), height * float(random.uniform(0.1, 0.4)), 0.1 * width
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(250, 236, 180), outline=INK, width=4)


def _meadow(draw: ImageDraw.ImageDraw, size: tuple[int, int], tone: Colour, random: np.random.Generator) -> None:
    width, height = size
    for _ in range(3):
        x, y = width * float(random.uniform(0, 1)), height * float(random.uniform(0.05, 0.4))
        for shift in (-34, 0, 36):
            radius = 30 if shift == 0 else 20
            draw.ellipse(
                (x + shift - radius * 1.4, y - radius, x + shift + radius * 1.4, y + radius), fill=(255, 255, 255, 225)
            )
    for layer in range(2):
        colour = darker(jitter((142, 196, 110), 24, random), 0.16 * layer)
        level, phase = (
            height * float(random.uniform(0.55 + 0.15 * layer, 0.7 + 0.15 * layer)),
            float(random.uniform(0, 6)),
        )
        crest = [(x, level + 0.05 * height * math.sin(phase + 7 * x / width)) for x in range(0, width + 20, 20)]
        draw.polygon([*crest, (width + 20, height), (0, height)], fill=colour)
        draw.line(crest, fill=INK, width=4)

"""A cartoon character's head: shape, eyes, nose, mouth and what else belongs to it."""

import numpy as np
from PIL import Image, ImageDraw

from pipelines.datasets.drawing.cartoons.characters import Character
from pipelines.datasets.drawing.cartoons.eyes import EYES, WHITE, Act
from pipelines.datasets.drawing.cartoons.headwear import paint_top, paint_top_behind
from pipelines.datasets.drawing.cartoons.ink import INK, Ink
from pipelines.datasets.drawing.colours import Colour, darker, jitter, lighter

SHIRTS: tuple[Colour, ...] = (
    (220, 92, 84), (84, 132, 190), (240, 196, 92), (104, 168, 128), (150, 112, 176), (88, 96, 116), (236, 150, 96),
)  # fmt: skip


def paint_character(
    canvas: Image.Image, character: Character, place: tuple[float, float, float], act: Act, random: np.random.Generator
) -> None:
    """Paint onto an RGB canvas; `place` is x, y and pixels of half a head."""
    x, y, pixels = place
    ink = Ink(
        canvas, ImageDraw.Draw(canvas, "RGBA"), x, y, pixels, float(random.normal(0, 7)),
        float(random.uniform(-1, 1)), float(random.uniform(0.92, 1.08)),
    )  # fmt: skip
    tinted = jitter(character.skin, 10, random)
    _bust(ink, character, tinted, random)
    paint_top_behind(ink, character)
    outline = [*character.head, *((-px, py) for px, py in character.head[-2:0:-1])]
    ink.shaded(outline, tinted, act.light)
    if "spines" in character.extras:
        _spines(ink, character)
    if "blush" in character.extras:
        for side in (-1, 1):
            ink.oval(side * 0.5 * _width(character), character.mouth + 0.2, 0.13, 0.09, (*character.accent, 150), 0.7)
    EYES[character.eyes](ink, character, act, tinted)
    _mouth(ink, character, act)
    _nose(ink, character)
    _extras(ink, character, act)
    paint_top(ink, character)


def _width(character: Character) -> float:
    return max(x for x, _ in character.head)


def _bust(ink: Ink, character: Character, skin: Colour, random: np.random.Generator) -> None:
    shirt = jitter(SHIRTS[random.integers(len(SHIRTS))], 14, random)
    low = ink.y + 0.8 * ink.pixels
    unit, x = ink.pixels, ink.x

    def plain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + px * unit, low - py * unit) for px, py in points]

    neck = plain([(-0.24, 0.2), (0.24, 0.2), (0.3, -0.5), (-0.3, -0.5)])
    ink.draw.polygon(neck, fill=darker(skin, 0.15))
    ink.draw.line([*neck, neck[0]], fill=INK, width=ink.pen)
    body = plain(
        [
            (-1.15, -1.9),
            (-1.02, -0.72),
            (-0.72, -0.42),
            (-0.3, -0.3),
            (0.3, -0.3),
            (0.72, -0.42),
            (1.02, -0.72),
            (1.15, -1.9),
        ]
    )
    ink.draw.polygon(body, fill=shirt)
    ink.draw.line(body, fill=INK, width=ink.pen, joint="curve")
    if "scarf" in character.extras:
        scarf = plain([(-0.62, -0.16), (0, -0.26), (0.62, -0.16), (0.7, -0.44), (0, -0.58), (-0.7, -0.44)])
        ink.draw.polygon(scarf, fill=character.accent)
        ink.draw.line([*scarf, scarf[0]], fill=INK, width=ink.pen, joint="curve")
    elif random.random() < 0.5:
        stripe = plain([(-1.06, -0.95), (1.06, -0.95), (1.09, -1.2), (-1.09, -1.2)])
        ink.draw.polygon(stripe, fill=lighter(shirt, 0.45))


def _mouth(ink: Ink, character: Character, act: Act) -> None:
    y, wide = character.mouth, 0.3 * _width(character) / 0.8
    bend = 0.13 * act.smile
    corners = ((-wide, y + bend), (wide, y + bend))
    if act.gape:
        deep = 0.12 + 0.2 * act.gape
        ink.shape([corners[0], (0, y - 0.3 * bend), corners[1], (0.6 * wide, y - 0.6 * deep), (0, y - deep),
                   (-0.6 * wide, y - 0.6 * deep)],
                  (96, 32, 50), 1.0)  # fmt: skip
        ink.oval(0, y - 0.76 * deep, 0.42 * wide, 0.3 * deep, (226, 96, 110), 1.0)
    else:
        ink.stroke(
            [corners[0], (-0.5 * wide, y - 0.5 * bend), (0, y - bend), (0.5 * wide, y - 0.5 * bend), corners[1]],
            1.0,
            width=1.2,
        )
    if "gap" in character.extras or "fang" in character.extras:
        teeth = ((-0.1, 0.08), (0.02, 0.08)) if "gap" in character.extras else ((0.14, 0.07),)
        for x, across in teeth:
            top = y - 0.6 * bend - 0.01
            point = [(x, top), (x + across, top), (x + across, top - 0.12), (x, top - 0.12)]
            fang = [(x, top), (x + across, top), (x + across / 2, top - 0.15)]
            ink.shape(point if len(teeth) > 1 else fang, WHITE, 1.0, steps=1, pen=0.6)


def _nose(ink: Ink, character: Character) -> None:
    y = (character.eye_place[1] + character.mouth) / 2 + 0.02
    side = 1 if ink.turn >= 0 else -1
    if character.nose == "ball":
        ink.oval(0, y, 0.2, 0.18, character.nose_colour, 1.5, pen=0.9)
        ink.oval(0.06, y + 0.07, 0.05, 0.035, (255, 255, 255, 170), 1.5)
    elif character.nose == "carrot":
        ink.shape([(-0.1 * side, y + 0.1), (0.42 * side, y + 0.02), (0.46 * side, y - 0.05), (-0.08 * side, y - 0.1)],
                  character.nose_colour, 1.2)  # fmt: skip
    elif character.nose == "button":
        ink.oval(0, y, 0.08, 0.06, character.nose_colour, 1.3, pen=0.7)
    elif character.nose == "hook":
        ink.stroke(
            [(-0.02 * side, y + 0.3), (0.13 * side, y + 0.02), (0.15 * side, y - 0.1), (0.0, y - 0.12)], 1.3, width=1.2
        )
    elif character.nose == "snout":
        ink.oval(0, y, 0.24, 0.16, character.nose_colour, 1.3, pen=0.9)
        for x in (-0.08, 0.08):
            ink.oval(x, y - 0.02, 0.035, 0.045, darker(character.nose_colour, 0.55), 1.4)


def _extras(ink: Ink, character: Character, act: Act) -> None:
    apart, y, size = character.eye_place
    for extra in character.extras:
        if extra == "moustache":
            half = [(0, character.mouth + 0.17), (0.3, character.mouth + 0.16), (0.62, character.mouth + 0.28), (0.46,
                                                                                                                 character.mouth),
                    (0.12, character.mouth - 0.03)]  # fmt: skip
            for side in (-1, 1):
                ink.shape([(side * px, py) for px, py in half], character.accent, 1.1)
        elif extra == "beard":
            _beard(ink, character)
        elif extra == "freckles":
            for x, up in ((-0.56, -0.24), (-0.46, -0.32), (-0.62, -0.34), (0.56, -0.24), (0.46, -0.32), (0.62, -0.34)):
                ink.oval(x, up, 0.032, 0.028, darker(character.skin, 0.4), 0.8)
        elif extra == "glasses":
            for side in (-1, 1):
                ink.oval(side * apart, y, 0.25, 0.27, (255, 255, 255, 60), 1.15, pen=1.3)
            ink.stroke([(-0.06, y + 0.05), (0.06, y + 0.05)], 1.15, width=1.3, ends=1.0)
        elif extra == "monocle":
            ink.oval(apart, y, size * 1.25, size * 1.2, (255, 255, 255, 60), 1.1, pen=1.4)
            ink.stroke([(apart + size, y - size * 0.7), (apart + size * 1.3, y - 0.7), (apart + 0.1, y - 1.3)], 0.9,
                       width=0.5, colour=character.accent, ends=1.0)  # fmt: skip
        elif extra == "bolts":
            for side in (-1, 1):
                ink.shape([(side * 0.78, 0.1), (side * 0.98, 0.14), (side * 0.98, -0.16), (side * 0.78, -0.12)],
                          (176, 184, 196), 0.0, steps=1)  # fmt: skip


def _beard(ink: Ink, character: Character) -> None:
    """Cloudy, from ear to ear, with room for the mouth."""
    y = character.mouth
    edge = [(-0.72, 0.02), (-0.5, -0.18), (-0.3, y + 0.16), (0, y + 0.2), (0.3, y + 0.16), (0.5, -0.18), (0.72, 0.02),
            (0.96, -0.3),
            (0.92, -0.6), (0.98, -0.84), (0.66, -1.0), (0.5, -1.22), (0.2, -1.18), (0, -1.3), (-0.2, -1.18), (-0.5,
                                                                                                              -1.22),
            (-0.66, -1.0), (-0.98, -0.84), (-0.92, -0.6), (-0.96, -0.3)]  # fmt: skip
    ink.shape(edge, character.accent, 0.3)
    ink.oval(0, y - 0.02, 0.2, 0.1, (96, 32, 50), 0.8, pen=0.9)


def _spines(ink: Ink, character: Character) -> None:
    for x in (-0.36, -0.12, 0.12, 0.36):
        ink.stroke([(x, 0.84 - abs(x) * 0.3), (x * 1.15, 0.3), (x * 1.15, -0.4), (x, -0.86)], 0.6, width=0.6,
                   colour=(*darker(character.skin, 0.28), 255))  # fmt: skip
    for number in range(26):
        x = -0.48 + 0.24 * (number % 5) + 0.06 * (number % 2)
        y = 0.68 - 0.27 * (number // 5)
        ink.stroke([(x, y), (x + 0.05, y + 0.07)], 0.7, width=0.5, colour=character.accent, ends=0.3)

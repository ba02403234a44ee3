"""Hair, hats, horns and leaves of the cartoon characters."""

import math
from collections.abc import Callable

from pipelines.datasets.drawing.cartoons.characters import Character
from pipelines.datasets.drawing.cartoons.ink import Ink
from pipelines.datasets.drawing.colours import darker, lighter
from pipelines.datasets.drawing.lines import Points


def paint_top_behind(ink: Ink, character: Character) -> None:
    """What stands behind the head."""
    if paint := _BEHIND.get(character.top):
        paint(ink, character)


def paint_top(ink: Ink, character: Character) -> None:
    """What lies before it."""
    if paint := _BEFORE.get(character.top):
        paint(ink, character)


def _leaves(ink: Ink, character: Character) -> None:
    for angle, long in ((-0.75, 0.62), (0.7, 0.66), (-0.25, 0.85), (0.25, 0.82), (0.0, 0.95)):
        sine, cosine = math.sin(angle), math.cos(angle)
        leaf = [(0, 0), (-0.15, 0.45 * long), (-0.1, 0.8 * long), (0, long), (0.1, 0.8 * long), (0.15, 0.45 * long)]
        turned = [(x * cosine + y * sine, 0.72 + y * cosine - x * sine) for x, y in leaf]
        ink.shape(turned, character.top_colour if abs(angle) > 0.1 else lighter(character.top_colour, 0.2), -0.2)


def _beehive(ink: Ink, character: Character) -> None:
    colour = character.top_colour
    for y, wide, tall in ((0.7, 0.66, 0.34), (1.06, 0.56, 0.3), (1.36, 0.42, 0.26), (1.6, 0.24, 0.2)):
        ink.oval(0, y, wide, tall, colour, -0.15, pen=1.0)
        ink.stroke(
            [(-wide * 0.7, y - 0.05), (0, y - tall * 0.5), (wide * 0.7, y - 0.05)],
            -0.15,
            width=0.6,
            colour=darker(colour, 0.3),
        )


def _beehive_front(ink: Ink, character: Character) -> None:
    curl = [(-0.54, 0.5), (-0.3, 0.92), (0.2, 0.98), (0.54, 0.5), (0.3, 0.7), (-0.1, 0.66)]
    ink.shape(curl, character.top_colour, 0.3)
    for side in (-1, 1):
        ink.oval(side * 0.56, -0.3, 0.07, 0.07, character.accent, 0.0, pen=0.7)


def _antenna(ink: Ink, character: Character) -> None:
    ink.stroke([(0.0, 0.78), (0.06, 1.1), (0.0, 1.3)], 0.0, width=1.4, ends=1.0)
    ink.oval(0, 1.36, 0.13, 0.13, character.top_colour, 0.0, pen=1.0)
    ink.shape([(-0.24, 0.94), (0.24, 0.94), (0.3, 0.76), (-0.3, 0.76)], darker(character.skin, 0.25), 0.0, steps=1)


def _puffs(ink: Ink, character: Character) -> None:
    for side in (-1, 1):
        blob: Points = []
        for step in range(14):
            angle, radius = step / 14 * 2 * math.pi, 0.42 + 0.05 * (step % 2)
            blob.append((side * 0.78 + radius * math.cos(angle), 0.72 + radius * math.sin(angle)))
        ink.shape(blob, character.top_colour, -0.3)


def _puffs_front(ink: Ink, character: Character) -> None:
    ink.shape([(-0.74, 0.5), (-0.4, 0.84), (0, 0.92), (0.4, 0.84), (0.74, 0.5), (0.4, 0.58), (0.06, 0.5),
               (-0.3, 0.6)], character.top_colour, 0.3)  # fmt: skip
    for side in (-1, 1):
        ink.oval(side * 0.58, 0.6, 0.1, 0.1, character.accent, 0.0, pen=0.8)


def _cap(ink: Ink, character: Character) -> None:
    ink.shape([(-0.62, 0.5), (-0.8, 0.86), (-0.4, 1.08), (0.4, 1.08), (0.8, 0.86), (0.62, 0.5)], character.accent, 0.2)
    ink.shape([(-0.6, 0.56), (0, 0.64), (0.6, 0.56), (0.58, 0.38), (0, 0.44), (-0.58, 0.38)], character.top_colour, 0.3)
    ink.shape([(-0.52, 0.42), (0, 0.48), (0.52, 0.42), (0.4, 0.28), (0, 0.3), (-0.4, 0.28)], (40, 40, 52), 0.9)
    ink.oval(0, 0.8, 0.13, 0.13, (240, 196, 84), 0.6, pen=0.8)


def _comet(ink: Ink, character: Character) -> None:
    side = -1 if ink.turn >= 0 else 1
    tail = [(0.12, 0.82), (-0.12, 0.82), (0.1 * side, 1.2), (0.5 * side, 1.42), (1.0 * side, 1.34), (0.72 * side, 1.2),
            (1.02 * side, 1.04),
            (0.62 * side, 1.0), (0.76 * side, 0.8), (0.36 * side, 0.84)]  # fmt: skip
    ink.shape(tail, character.top_colour, 0.0, steps=4)
    ink.stroke(
        [(0.06 * side, 0.95), (0.3 * side, 1.16), (0.6 * side, 1.22)],
        0.0,
        width=1.0,
        colour=lighter(character.top_colour, 0.45),
    )


def _bulb(ink: Ink, character: Character) -> None:
    for side in (-1, 1):
        wave = [(side * 0.6, 0.7), (side * 1.06, 0.72), (side * 1.22, 0.4), (side * 1.04, 0.1), (side * 1.14, -0.24),
                (side * 0.86, -0.42),
                (side * 0.56, -0.2)]  # fmt: skip
        ink.shape(wave, character.top_colour, -0.3)


def _bulb_front(ink: Ink, character: Character) -> None:
    ink.stroke(
        [(0, 0.98), (-0.05, 1.2), (0.12, 1.26), (0.06, 1.4)], 0.0, width=1.1, colour=character.top_colour, ends=0.6
    )
    ink.oval(-0.4, 0.66, 0.12, 0.07, (255, 255, 255, 130), 0.6)


def _flower(ink: Ink, character: Character) -> None:
    for side, low in ((-1, -0.1), (1, 0.16)):
        arm = [(side * 0.5, low), (side * 0.94, low - 0.02), (side * 1.06, low + 0.16), (side * 1.06, low + 0.52),
               (side * 0.9, low + 0.56),
               (side * 0.84, low + 0.26), (side * 0.5, low + 0.22)]  # fmt: skip
        ink.shape(arm, darker(character.skin, 0.08), -0.1)


def _flower_front(ink: Ink, character: Character) -> None:
    x, y = 0.2, 0.98
    for petal in range(6):
        angle = petal / 6 * 2 * math.pi
        ink.oval(x + 0.17 * math.cos(angle), y + 0.17 * math.sin(angle), 0.13, 0.13, character.top_colour, 0.0, pen=0.8)
    ink.oval(x, y, 0.11, 0.11, (250, 208, 90), 0.0, pen=0.8)


def _bat(ink: Ink, character: Character) -> None:
    for side in (-1, 1):
        ear = [(side * 0.3, 0.6), (side * 0.52, 1.2), (side * 0.86, 1.46), (side * 0.98, 0.9), (side * 0.72, 0.3)]
        ink.shape(ear, character.skin, -0.2, steps=3)
        ink.shape([(side * (0.12 + x * side * 0.78), 0.08 + y * 0.86) for x, y in ear[:4]] + [(side * 0.68, 0.4)],
                  character.accent, -0.2, steps=3, pen=0.6)  # fmt: skip


def _bat_front(ink: Ink, character: Character) -> None:
    peak = [(-0.74, 0.3), (-0.66, 0.64), (-0.3, 0.82), (0.3, 0.82), (0.66, 0.64), (0.74, 0.3), (0.5, 0.52), (0.24,
                                                                                                             0.56), (0,
                                                                                                                     0.3),
            (-0.24, 0.56), (-0.5, 0.52)]  # fmt: skip
    ink.shape(peak, character.top_colour, 0.3, steps=3)


def _beanie(ink: Ink, character: Character) -> None:
    ink.shape(
        [(-0.62, 0.46), (-0.6, 0.8), (-0.32, 1.12), (0.32, 1.12), (0.6, 0.8), (0.62, 0.46)], character.top_colour, 0.1
    )
    for x in (-0.36, 0.0, 0.36):
        ink.stroke(
            [(x * 1.2, 0.56), (x, 0.86), (x * 0.6, 1.08)], 0.2, width=1.5, colour=lighter(character.top_colour, 0.4)
        )
    ink.shape([(-0.68, 0.58), (0, 0.66), (0.68, 0.58), (0.68, 0.38), (0, 0.46), (-0.68, 0.38)], character.accent, 0.3)
    ink.oval(0, 1.22, 0.16, 0.16, character.accent, 0.0, pen=1.0)


def _horns(ink: Ink, character: Character) -> None:
    for side in (-1, 1):
        horn = [
            (side * 0.5, 0.66),
            (side * 0.8, 0.86),
            (side * 0.88, 1.24),
            (side * 1.06, 0.9),
            (side * 0.92, 0.5),
            (side * 0.66, 0.44),
        ]
        ink.shape(horn, character.top_colour, -0.2, steps=4)


def _horns_front(ink: Ink, character: Character) -> None:
    tuft = [(-0.5, 0.74), (-0.36, 1.0), (-0.16, 0.9), (0.0, 1.12), (0.16, 0.9), (0.36, 1.0), (0.5, 0.74), (0.3, 0.5),
            (0.14, 0.62), (0, 0.46),
            (-0.14, 0.62), (-0.3, 0.5)]  # fmt: skip
    ink.shape(tuft, lighter(character.skin, 0.4), 0.3, steps=2)
    for side in (-1, 1):
        cheek = [
            (side * 0.8, -0.2),
            (side * 1.0, -0.4),
            (side * 0.84, -0.5),
            (side * 0.98, -0.72),
            (side * 0.74, -0.74),
            (side * 0.66, -0.4),
        ]
        ink.shape(cheek, lighter(character.skin, 0.25), 0.0, steps=2)


_BEHIND: dict[str, Callable[[Ink, Character], None]] = {
    "leaves": _leaves, "beehive": _beehive, "puffs": _puffs, "bulb": _bulb, "flower": _flower, "bat": _bat,
    "horns": _horns, "antenna": _antenna, "comet": _comet,
}  # fmt: skip
_BEFORE: dict[str, Callable[[Ink, Character], None]] = {
    "beehive": _beehive_front, "puffs": _puffs_front, "cap": _cap, "bulb": _bulb_front, "flower": _flower_front,
    "bat": _bat_front, "beanie": _beanie, "horns": _horns_front,
}  # fmt: skip

"""Eyes of the cartoon characters, one function a kind, and the act that they follow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.datasets.drawing.cartoons.characters import Character
from pipelines.datasets.drawing.cartoons.ink import INK, Ink
from pipelines.datasets.drawing.colours import Colour, darker, lighter

WHITE: Colour = (250, 248, 244)


@dataclass(frozen=True, slots=True)
class Act:
    """What a character does in one picture."""

    gaze: tuple[float, float]
    lids: float
    """0 wide open to 1 shut."""
    smile: float
    """-1 sulking to 1."""
    gape: float
    """0 shut to 1 shouting."""
    light: float
    """-1 from the right, 1 from the left."""


def draw_act(random: np.random.Generator) -> Act:
    """Any mood."""
    gape = float(random.uniform(0.35, 1)) if random.random() < 0.45 else 0.0
    gaze = (float(random.uniform(-1, 1)), float(random.uniform(-0.7, 0.7)))
    lids = float(random.choice((0.0, 0.0, 0.2, 0.45)))
    return Act(gaze, lids, float(random.uniform(-0.7, 1)), gape, float(random.choice((-1, 1))))


def _pair(character: Character) -> list[tuple[int, float]]:
    return [(side, side * character.eye_place[0]) for side in (-1, 1)]


def _beans(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    """Tall dark ovals with a glint."""
    _, y, size = character.eye_place
    for _, x in _pair(character):
        tall = size * (1.5 - 1.1 * act.lids)
        ink.oval(x + 0.03 * act.gaze[0], y + 0.03 * act.gaze[1], size * 0.8, tall, character.eye, 1.0)
        ink.oval(x + 0.03 * act.gaze[0] + 0.25 * size, y + 0.4 * tall, size * 0.24, size * 0.3, WHITE, 1.0)
        ink.stroke(
            [
                (x - 1.3 * size, y + 2.2 * size),
                (x, y + (2.5 + 0.5 * act.smile) * size),
                (x + 1.3 * size, y + 2.2 * size),
            ],
            1.0,
        )


def _ball(ink: Ink, x: float, character: Character, act: Act, tall: float = 1.0) -> None:
    _, y, size = character.eye_place
    ink.oval(x, y, size, size * tall, WHITE, 1.0, pen=0.9)
    px, py = x + 0.42 * size * act.gaze[0], y + 0.4 * size * act.gaze[1] * tall
    ink.oval(px, py, size * 0.5, size * 0.5, character.eye, 1.0, pen=0.6)
    ink.oval(px, py, size * 0.24, size * 0.24, INK, 1.0)
    ink.oval(px + 0.16 * size, py + 0.18 * size, size * 0.12, size * 0.12, WHITE, 1.0)


def _goggles(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    _, y, size = character.eye_place
    for side, x in _pair(character):
        _ball(ink, x, character, act)
        for lash in (-0.2, 0.25):
            foot = (x + side * size * (0.6 + lash), y + size * (0.86 - lash * 0.6))
            ink.stroke([foot, (foot[0] + 0.09 * side, foot[1] + 0.1)], 1.0, width=0.8)


def _cyclops(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    _, y, size = character.eye_place
    _ball(ink, 0.0, character, act)
    if act.lids > 0.1:
        _lid(ink, 0.0, y, size, 1 - act.lids, skin)
    ink.stroke(
        [(-0.3, y + size + 0.14), (0, y + size + 0.2 + 0.06 * act.smile), (0.3, y + size + 0.14)], 1.0, width=1.6
    )


def _lidded(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    """Always half asleep."""
    _, y, size = character.eye_place
    for side, x in _pair(character):
        _ball(ink, x, character, act)
        _lid(ink, x, y, size, 0.62 - 0.5 * act.lids, skin)
        ink.stroke(
            [(x - side * 0.18, y + size + 0.12), (x + side * 0.2, y + size + 0.16 - 0.1 * act.smile)], 1.0, width=1.4
        )


def _lid(ink: Ink, x: float, y: float, size: float, open_: float, skin: Colour) -> None:
    """Skin over the upper part of an eye."""
    edge = size * (2 * open_ - 1)
    half = float(np.sqrt(max(0.0, size**2 - edge**2)))
    top = float(np.arctan2(edge, half))
    arc = [
        (x + size * 1.03 * np.cos(a), y + size * 1.03 * np.sin(a)) for a in np.linspace(top, np.pi - top, 12).tolist()
    ]
    ink.shape([(float(px), float(py)) for px, py in arc], darker(skin, 0.14), 1.0, steps=1, pen=0.9)


def _almond(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    _, y, size = character.eye_place
    open_ = 1 - 0.6 * act.lids
    for side, x in _pair(character):
        eye = [(x - side * size, y - 0.18 * size), (x, y + 0.72 * size * open_), (x + side * size * 1.1,
                                                                                  y + 0.34 * size),
               (x + side * 0.2 * size, y - 0.6 * size * open_)]  # fmt: skip
        ink.shape(eye, WHITE, 1.0, pen=0.8)
        px, py = x + 0.3 * size * act.gaze[0], y + 0.1 * size + 0.12 * size * act.gaze[1]
        ink.oval(px, py, 0.36 * size, 0.46 * size * open_, character.eye, 1.0)
        ink.oval(px, py, 0.15 * size, 0.34 * size * open_, INK, 1.0)
        ink.stroke([eye[0], eye[1], (eye[2][0] + 0.1 * side, eye[2][1] + 0.08)], 1.0, width=1.7)
        ink.stroke(
            [(x - side * size * 0.8, y + 1.15 * size), (x + side * 0.9 * size, y + (1.3 + 0.3 * act.smile) * size)], 1.0
        )


def _sparks(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    """Big dark eyes full of light."""
    _, y, size = character.eye_place
    for _, x in _pair(character):
        ink.oval(x, y, size * 0.9, size * (1.25 - 0.8 * act.lids), darker(character.eye, 0.45), 1.0, pen=0.6)
        ink.oval(
            x + 0.1 * act.gaze[0] * size,
            y - 0.4 * size,
            size * 0.6,
            size * 0.5,
            (*lighter(character.eye, 0.3), 200),
            1.0,
        )
        ink.oval(x + 0.3 * size, y + 0.45 * size, size * 0.3, size * 0.32, WHITE, 1.0)


def _screen(ink: Ink, character: Character, act: Act, skin: Colour) -> None:
    """A dark pane with lights for eyes."""
    _, y, size = character.eye_place
    ink.shape([(-0.62, y + 0.3), (0.62, y + 0.3), (0.62, y - 0.3), (-0.62, y - 0.3)], character.accent, 0.8, steps=1)
    for _, x in _pair(character):
        px, py = x + 0.07 * act.gaze[0], y + 0.06 * act.gaze[1]
        ink.oval(px, py, size, size * (1 - 0.8 * act.lids), character.eye, 0.8)
        ink.oval(px, py, size * 0.5, size * 0.5 * (1 - 0.8 * act.lids), lighter(character.eye, 0.6), 0.8)
    ink.draw.polygon(
        ink.place([(-0.5, y + 0.28), (-0.3, y + 0.28), (-0.5, y - 0.28), (-0.6, y - 0.28)], 0.8),
        fill=(255, 255, 255, 36),
    )


EYES: dict[str, Callable[[Ink, Character, Act, Colour], None]] = {"beans": _beans, "goggles": _goggles,
                                                                   "cyclops": _cyclops, "lidded": _lidded,
                                                                   "almond": _almond, "sparks": _sparks,
                                                                   "screen": _screen}  # fmt: skip

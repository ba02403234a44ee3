"""Coats: what colour each spot of an animal has. Cats and dogs draw from one set of colours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.drawing.animals.anatomy import Part
from pipelines.datasets.drawing.animals.breeds import Marking
from pipelines.datasets.drawing.arrays import Floats, floats
from pipelines.datasets.drawing.colours import Colour

FURS: tuple[tuple[Colour, Colour], ...] = (
    ((52, 48, 48), (36, 33, 34)), ((92, 64, 46), (52, 36, 28)), ((128, 84, 52), (76, 48, 32)),
    ((196, 122, 62), (142, 78, 38)), ((214, 160, 98), (162, 108, 60)), ((228, 202, 164), (172, 138, 98)),
    ((236, 232, 224), (190, 184, 176)), ((150, 148, 148), (84, 82, 84)), ((112, 120, 132), (66, 72, 84)),
    ((176, 152, 124), (104, 84, 64)), ((168, 92, 48), (104, 54, 30)), ((84, 82, 86), (44, 43, 46)),
)  # fmt: skip
"""The ground colour and the darker one of its markings."""
WHITE: Colour = (240, 236, 228)
PINK: Colour = (222, 158, 150)


@dataclass(frozen=True, slots=True)
class Coat:
    """The fur of one animal."""

    marking: Marking
    ground: Colour
    dark: Colour
    second: Colour
    """Of the patches."""
    white: float
    """0 none, 0.5 bib and socks, 1 half the animal."""
    phases: Floats
    """(6,): where stripes and patches fall."""


@dataclass(frozen=True, slots=True)
class Hide:
    """The visible spots of an animal, (n,) and (n, 3), as a coat needs to know them."""

    parts: NDArray[np.int16]
    spots: Floats
    """In the body's frame, shoulder heights."""
    on_head: Floats
    """In radii of the skull: forward, up, left."""


def draw_coat(marking: Marking, random: np.random.Generator) -> Coat:
    """Random colours for a marking."""
    ground, dark = FURS[random.integers(len(FURS))]
    other = FURS[random.integers(len(FURS))][0]
    white = float(random.choice((0.0, 0.0, 0.5, 0.5, 0.8)))
    if marking == "tuxedo":
        white = float(random.choice((0.5, 0.8, 0.8)))
    if marking == "points":
        ground, dark = ((230, 214, 190), FURS[random.integers(3)][0]) if random.random() < 0.7 else (ground, dark)
        white = 0.0
    wander = random.integers(-10, 11) + random.integers(-3, 4, 3)
    phases = random.uniform(0, 6.3, 6).astype(np.float32)
    return Coat(marking, _add(ground, wander), _add(dark, wander), other, white, phases)


def colour_hide(coat: Coat, hide: Hide) -> Floats:
    """(n, 3), 0 to 255, before any light falls on it."""
    ground, dark = np.asarray(coat.ground, np.float32), np.asarray(coat.dark, np.float32)
    share = _marks(coat, hide)[:, None]
    colours = (
        ground * (1 - share) + (np.asarray(coat.second, np.float32) if coat.marking == "patches" else dark) * share
    )
    if coat.marking != "points":
        colours = _whiten(colours, coat, hide)
    colours = np.where((hide.parts == Part.NOSE)[:, None], floats((46, 40, 42)), colours)
    return np.where((hide.parts == Part.TONGUE)[:, None], floats((214, 112, 116)), colours).astype(np.float32)


def _marks(coat: Coat, hide: Hide) -> Floats:
    """Share of the dark colour, (n,)."""
    if coat.marking == "tabby":
        return _stripes(coat, hide)
    if coat.marking == "spots":
        x, y, z = (hide.spots * 21).T
        cells = np.sin(x + coat.phases[0]) * np.sin(y + coat.phases[1] + 0.4 * np.sin(x)) * np.cos(z + 0.5 * y)
        return _step(np.abs(cells), 0.3, 0.42) * 0.9
    if coat.marking == "patches":
        return _step(_clouds(coat, hide.spots, 4.2), 0.1, 0.16)
    if coat.marking == "points":
        return _points(hide)
    if coat.marking == "saddle":
        return _saddle(coat, hide)
    return floats((hide.parts == Part.EAR) * 0.25)


def _stripes(coat: Coat, hide: Hide) -> Floats:
    x, y, z = hide.spots.T
    wobble = 0.8 * np.sin(5 * y + coat.phases[0]) + 0.5 * np.sin(9 * z + 4 * y + coat.phases[1])
    body = np.sin(30 * x + 6 * y + wobble + coat.phases[2])
    limb = np.sin(38 * y + wobble + coat.phases[3])
    forward, up, left = hide.on_head.T
    brow = np.sin(11 * np.abs(left) + 1.2) * (up > 0.25) + np.sin(10 * up + 2 * forward) * (np.abs(left) > 0.62)
    wave = np.where(hide.parts == Part.LEG, limb, body)
    wave = np.where(np.isin(hide.parts, (Part.HEAD, Part.EAR)), brow, wave)
    return _step(wave, 0.15, 0.6) * np.where(hide.parts == Part.MUZZLE, 0, 0.85)


def _points(hide: Hide) -> Floats:
    """Dark where the animal is coldest: face, ears, feet and tail."""
    forward, up, left = hide.on_head.T
    mask = _step(1.15 - np.hypot(left * 1.05, up + 0.22) - 0.35 * (forward < 0.4), 0.1, 0.6)
    face = np.where(hide.parts == Part.HEAD, mask, 0)
    feet = np.where(hide.parts == Part.LEG, _step(0.5 - hide.spots[:, 1], 0.0, 0.42), 0)
    return np.where(np.isin(hide.parts, (Part.EAR, Part.TAIL, Part.MUZZLE)), 0.95, np.maximum(face, feet))


def _saddle(coat: Coat, hide: Hide) -> Floats:
    """A dark back, tail and crown over a lighter belly."""
    back = hide.spots[:, 1] + 0.05 * _clouds(coat, hide.spots, 9)
    top = float(np.quantile(hide.spots[:, 1], 0.55)) if len(back) else 0.0
    share = _step(back, top - 0.02, top + 0.07)
    share = np.where(hide.parts == Part.LEG, 0, share)
    share = np.where(hide.parts == Part.HEAD, _step(hide.on_head[:, 1], 0.35, 0.6) * 0.8, share)
    share = np.where(hide.parts == Part.MUZZLE, _step(hide.on_head[:, 0], 0.9, 1.3) * 0.5, share)
    return np.where(np.isin(hide.parts, (Part.EAR, Part.TAIL)), 0.85, share)


def _whiten(colours: Floats, coat: Coat, hide: Hide) -> Floats:
    if not coat.white:
        return colours
    forward, up, left = hide.on_head.T
    ragged = 0.06 * _clouds(coat, hide.spots, 11)
    blaze = _step(0.1 + 0.3 * (coat.white - 0.4) - np.abs(left) - 0.22 * up + ragged, 0, 0.08) * (forward > 0.2)
    socks = _step(0.1 + 0.28 * coat.white + ragged - hide.spots[:, 1], 0, 0.04)
    front = hide.spots[:, 0] - 0.5 * (hide.spots[:, 1] - 0.62)
    bib = np.maximum(_step(front + ragged, 0.34 - 0.12 * coat.white, 0.44 - 0.12 * coat.white),
                     _step(0.2 + 0.25 * coat.white - hide.spots[:, 1] + ragged, 0, 0.05))  # fmt: skip
    share = np.select(
        [hide.parts == Part.MUZZLE, hide.parts == Part.HEAD, hide.parts == Part.LEG, hide.parts == Part.BODY],
        [np.full(len(blaze), 0.95), np.maximum(blaze, _step(-0.45 - up, 0, 0.1)), socks, bib],
        _step(hide.spots[:, 0] + hide.spots[:, 1], 9, 10),
    )
    return floats(colours * (1 - share[:, None]) + floats(WHITE) * share[:, None])


def _clouds(coat: Coat, spots: Floats, frequency: float) -> Floats:
    """Smooth chance, about -1 to 1, that looks the same in all directions."""
    x, y, z = (spots * np.float32(frequency)).T
    one, two, three = coat.phases[:3]
    waves = np.sin(x + 1.3 * y + one) + np.sin(1.7 * y - 1.1 * z + two) + np.sin(1.9 * z - 1.4 * x + 0.6 * y + three)
    return np.asarray(waves / 2, np.float32)


def _step(values: Floats, low: float, high: float) -> Floats:
    """0 below low, 1 above high, smooth between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _add(colour: Colour, change: NDArray[np.int64]) -> Colour:
    red, green, blue = (np.asarray(colour) + change).clip(0, 255).tolist()
    return red, green, blue

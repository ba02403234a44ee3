"""Colours: mixed, lightened, darkened, and a little different each time."""

import numpy as np

Colour = tuple[int, int, int]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(colour: Colour, share: float) -> Colour:
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    return mix(colour, (0, 0, 0), share)


def scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def jitter(colour: Colour, spread: int, random: np.random.Generator) -> Colour:
    """Each part moved by up to `spread`."""
    red, green, blue = np.clip(np.asarray(colour) + random.integers(-spread, spread + 1, 3), 0, 255).tolist()
    return red, green, blue

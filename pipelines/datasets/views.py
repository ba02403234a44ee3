"""Looks compared as if one picture were cut out of the other: each is described through 21 windows.

A picture that was cropped by five per cent differs from its original nearly everywhere once both are squashed to one
size. So a look is described as it is, through ten windows within it (the crops), and through the ten windows around it
of which it would be such a crop. What lies outside is guessed by repeating the border.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.perceptual_hash import CHROMA_SIDE, TONE_SIDE

Floats = NDArray[np.float32]
Interval = tuple[float, float]

WHOLE: Final[Interval] = (0.0, 1.0)
CROPS: Final[tuple[Interval, ...]] = ((0.025, 0.975), (0.05, 0.95), (0.0, 0.95), (0.05, 1.0))
"""A little or 5 % off both ends, 5 % off one."""
WINDOWS: Final = ((1, 1), (2, 2), (3, 3), (3, 4), (4, 3), (4, 4), (0, 3), (0, 4), (3, 0), (4, 0))
"""Place of the vertical and the horizontal interval in (WHOLE, *CROPS): off the middle, a corner or one side."""

SLOW: Final = 6
"""The 6 x 6 slowest waves of the tone are the description, without the first, which is the mean."""
FINE: Final = 14
"""Up to the 14 x 14 slowest waves, without those above, are the detail that must agree too."""
CHROMA_SLOW: Final = 2
TONE_SIZE: Final = SLOW**2 - 1
DESCRIPTION_SIZE: Final = TONE_SIZE + 2 * CHROMA_SLOW**2
GREY_LEVELS: Final = 4
"""Chroma that is weaker counts as grey."""
FLAT: Final = 32.0
"""Added to a vector's length: what is weaker than one grey level is noise."""


def describe_looks(tones: NDArray[np.uint8], chromas: NDArray[np.uint8]) -> Floats:
    """(n, 21, 43): vectors of slow waves, slowest first; each picture's first is of the whole look.

    Their length is 1, less for a flat picture. The length of the difference of two is their distance: 0 for the same
    look, 1.4 for looks without relation.
    """
    waves = _interval_waves() @ tones.astype(np.float32) @ _interval_waves().T
    vertical, horizontal = _wave_places()
    views = waves[:, vertical, horizontal]
    colour = _cosines(CHROMA_SIDE)[:CHROMA_SLOW]
    tints = np.einsum("ij,njkc,lk->nilc", colour, chromas.astype(np.float32) - 128, colour)
    tints = tints.reshape(len(tones), 1, -1) * (TONE_SIDE / CHROMA_SIDE)
    vectors = np.concatenate([views, np.broadcast_to(tints, (len(tones), views.shape[1], tints.shape[2]))], axis=2)
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=2, keepdims=True) + FLAT), np.float32)


def compare_details(tone: NDArray[np.uint8], others: NDArray[np.uint8], views: NDArray[np.intp]) -> Floats:
    """(n,): how the fine waves of one tone correlate with those of (n, 32, 32) others, each through its view of `tone`.

    1 for the same picture, 0 without relation or where one of the two has no detail.
    """
    crops = len(WINDOWS)
    inner = np.where(views > crops, views - crops, views)  # a window around one picture is a crop of the other
    cropped = np.where((views > crops)[:, None, None], others, tone).astype(np.float32)
    whole = np.where((views > crops)[:, None, None], tone, others).astype(np.float32)
    vertical, horizontal = _resamplings()[_windows()[inner].T]
    x = _fine_waves(vertical @ cropped @ horizontal.transpose(0, 2, 1))
    y = _fine_waves(whole)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1) + FLAT**2
    return np.asarray((x * y).sum(axis=1) / lengths, np.float32)


def compare_colours(chroma: NDArray[np.uint8], others: NDArray[np.uint8]) -> Floats:
    """(n,): how the colours of one (8, 8, 2) correlate with those of (n, 8, 8, 2) others; 1 where all is grey."""
    x, y = chroma.astype(np.float32).ravel() - 128, others.astype(np.float32).reshape(len(others), -1) - 128
    grey = x.size * GREY_LEVELS**2
    return np.asarray((y @ x + grey) / (np.linalg.norm(y, axis=1) * np.linalg.norm(x) + grey), np.float32)


def _fine_waves(tones: Floats) -> Floats:
    waves = _cosines(TONE_SIDE)[:FINE]
    fine = np.ones((FINE, FINE), np.bool_)
    fine[:SLOW, :SLOW] = False
    return np.asarray((waves @ tones @ waves.T)[:, fine], np.float32)


@cache
def _windows() -> NDArray[np.intp]:
    """(21, 2): the whole, the crops, and in the same order the windows around; places in `_intervals`."""
    inner = np.array(WINDOWS)
    return np.concatenate([[(0, 0)], inner, np.where(inner > 0, inner + len(CROPS), 0)]).astype(np.intp)


def _intervals() -> tuple[Interval, ...]:
    around = tuple((-start / (end - start), (1 - start) / (end - start)) for start, end in CROPS)
    return (WHOLE, *CROPS, *around)


@cache
def _resamplings() -> Floats:
    """(9, 32, 32): each interval of a row of 32 pixels as 32 pixels, by area."""
    return np.stack([_resampling(*interval) for interval in _intervals()]).astype(np.float32)


def _resampling(start: float, end: float) -> NDArray[np.float64]:
    edges = np.linspace(start, end, TONE_SIDE + 1) * TONE_SIDE
    pixels = np.arange(TONE_SIDE)
    # the first and the last pixel reach out for ever: the border repeats
    left = np.where(pixels == 0, -np.inf, pixels)
    right = np.where(pixels == TONE_SIDE - 1, np.inf, pixels + 1)
    overlap = np.minimum(edges[1:, None], right) - np.maximum(edges[:-1, None], left)
    return np.asarray(np.maximum(overlap, 0) / np.diff(edges)[:, None], np.float64)


@cache
def _interval_waves() -> Floats:
    """(54, 32): the slow waves of each interval."""
    return np.asarray((_cosines(TONE_SIDE)[:SLOW] @ _resamplings()).reshape(-1, TONE_SIDE), np.float32)


@cache
def _wave_places() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(21, 35) each: where the waves of each window stand in (54, 54), slowest first."""
    both = [(y**2 + x**2, y, x) for y in range(SLOW) for x in range(SLOW)]
    waves = np.array(sorted(both)[1:])[:, 1:]
    places = _windows()[:, None, :] * SLOW + waves
    return places[..., 0], places[..., 1]


@cache
def _cosines(size: int) -> Floats:
    """(size, size): the orthonormal cosine transform, slowest wave first."""
    waves, pixels = np.arange(size)[:, None], np.arange(size)
    cosines = np.cos(np.pi * waves * (2 * pixels + 1) / (2 * size)) * np.sqrt(2 / size)
    cosines[0] /= np.sqrt(2)
    return np.asarray(cosines, np.float32)

"""Lines as a pen makes them: smooth, and thick where it was pressed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = list[tuple[float, float]]
Lines = NDArray[np.float64]


def smooth(points: Sequence[tuple[float, float]], *, closed: bool = False, steps: int = 6) -> Points:
    """A curve through all points (Catmull and Rom's spline)."""
    knots = np.asarray(points, np.float64)
    if closed:
        around = np.concatenate((knots[-1:], knots, knots[:2]))
        return to_points(_bend(around, steps))
    return to_points(smooth_lines(knots[None], steps=steps)[0])


def smooth_lines(knots: Lines, *, steps: int = 6) -> Lines:
    """Curves through all knots: (lines, knots, 2) -> (lines, points, 2)."""
    first, last = knots[:, :1], knots[:, -1:]
    padded = np.concatenate((2 * first - knots[:, 1:2], knots, 2 * last - knots[:, -2:-1]), axis=1)
    return np.concatenate((_bend(padded, steps), last), axis=1)


def _bend(padded: Lines, steps: int) -> Lines:
    before, start, end, after = (padded[..., i : padded.shape[-2] - 3 + i, None, :] for i in range(4))
    t = (np.arange(steps) / steps)[:, None]
    bend = (end - before) * t + (2 * before - 5 * start + 4 * end - after) * t**2
    curve = start + 0.5 * (bend + (3 * start - before - 3 * end + after) * t**3)
    return np.asarray(curve.reshape(*padded.shape[:-2], -1, padded.shape[-1]), np.float64)


def taper(points: Sequence[tuple[float, float]], widths: Sequence[float]) -> Points:
    """The outline of a line whose width runs through `widths` from its start to its end."""
    return to_points(taper_lines(np.asarray(points, np.float64)[None], np.asarray([widths], np.float64))[0])


def taper_lines(lines: Lines, widths: Lines) -> Lines:
    """Outlines of many lines: (lines, points, 2) and (lines, widths) -> (lines, 2 * points, 2)."""
    along = np.empty_like(lines)
    along[:, 1:-1] = lines[:, 2:] - lines[:, :-2]
    along[:, 0], along[:, -1] = lines[:, 1] - lines[:, 0], lines[:, -1] - lines[:, -2]
    length = np.maximum(np.sqrt((along**2).sum(axis=2, keepdims=True)), 1e-6)
    across = along[:, :, ::-1] / length * (-0.5, 0.5)
    place = np.linspace(0, widths.shape[1] - 1, lines.shape[1])
    low = np.minimum(place.astype(int), widths.shape[1] - 2) if widths.shape[1] > 1 else np.zeros(len(place), int)
    high, share = np.minimum(low + 1, widths.shape[1] - 1), place - low
    across = across * (widths[:, low] * (1 - share) + widths[:, high] * share)[:, :, None]
    return np.concatenate((lines + across, (lines - across)[:, ::-1]), axis=1)


def to_points(line: Lines) -> Points:
    return [(x, y) for x, y in line.tolist()]

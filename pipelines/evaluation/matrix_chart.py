"""The confusion matrix as SVG that is readable with two classes and with two hundred."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

CELL: Final = 16
NUMBERED_CLASSES: Final = 40
"""Cells of a matrix of at most so many classes carry their number."""
LONGEST_NAME: Final = 26
"""Letters of a class name beside the matrix; all of it shows when one points there."""
LETTER: Final = 6.3
"""Width of a letter, on average."""
LARGEST: Final = 1.7


def draw_matrix(matrix: NDArray[np.int64], names: Sequence[str], *, describe: str) -> str:
    """Rows are the truth, columns the answers; a darker cell holds a larger share of its row."""
    order = order_alike(matrix)
    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(1)
    margin = 14 + LETTER * max(len(_shorten(name)) for name in names)
    frame = CELL * len(names)
    parts = [_grid(margin, frame, len(names))]
    parts += [_names(place, margin, names[row]) for place, row in enumerate(order)]
    numbered = len(names) <= NUMBERED_CLASSES
    for y, row in enumerate(order):
        for x, column in enumerate(order):
            if matrix[row, column]:
                words = f"{names[row]} answered as {names[column]}: {matrix[row, column]} ({shares[row, column]:.0%})"
                place = (margin + CELL * x, margin + CELL * y)
                parts.append(_cell(place, float(shares[row, column]), words, right=row == column))
                if numbered:
                    parts.append(_number(place, int(matrix[row, column]), float(shares[row, column])))
    side = round(margin + frame + 4)
    return (
        f'<svg viewBox="0 0 {side} {side}" width="{LARGEST * side:.0f}" role="img" '
        f'aria-label="{escape(describe, quote=True)}">{"".join(parts)}</svg>'
    )


def order_alike(matrix: NDArray[np.int64]) -> list[int]:
    """Classes in an order that brings those together which are taken for one another.

    Average linkage on the share of mutual mistakes, leaves in optimal order (Bar-Joseph et al. 2001).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return list(range(len(matrix)))
    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(1)
    mutual = (shares + shares.T) / 2
    distance = 1 - mutual / max(1e-9, float((mutual - np.diag(np.diag(mutual))).max()))
    distance = np.clip(distance, 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=len(matrix) <= 400)
    return [int(leaf) for leaf in leaves_list(tree)]


def _grid(margin: float, frame: int, classes: int) -> str:
    """Faint stripes, every other row, lead the eye from a cell to its name."""
    stripes = "".join(
        f'<rect x="{margin:.0f}" y="{margin + CELL * place:.0f}" width="{frame}" height="{CELL}"/>'
        for place in range(1, classes, 2)
    )
    return (
        f'<g fill="var(--line)" opacity=".28">{stripes}</g><rect x="{margin:.0f}" y="{margin:.0f}" width="{frame}" '
        f'height="{frame}" fill="none" stroke="var(--line)"/>'
    )


def _names(place: int, margin: float, name: str) -> str:
    middle, beside = margin + CELL * (place + 0.72), margin - 6
    inside = f"{escape(_shorten(name))}<title>{escape(name)}</title>"
    return (
        f'<text x="{beside:.0f}" y="{middle:.1f}" text-anchor="end">{inside}</text>'
        f'<text transform="translate({middle:.1f},{beside:.0f}) rotate(-90)">{inside}</text>'
    )


def _cell(place: tuple[float, float], share: float, words: str, *, right: bool) -> str:
    return (
        f'<rect x="{place[0] + 0.5:.1f}" y="{place[1] + 0.5:.1f}" width="{CELL - 1}" height="{CELL - 1}" rx="2" '
        f'fill="var(--{"accent" if right else "bad"})" opacity="{0.25 + 0.75 * share:.2f}">'
        f"<title>{escape(words)}</title></rect>"
    )


def _number(place: tuple[float, float], count: int, share: float) -> str:
    colour = "var(--card)" if share > 0.45 else "var(--ink)"
    return (
        f'<text x="{place[0] + CELL / 2:.1f}" y="{place[1] + CELL * 0.7:.1f}" text-anchor="middle" '
        f'style="font-size:{8 if count < 1000 else 6}px;fill:{colour};pointer-events:none">{count}</text>'
    )


def _shorten(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

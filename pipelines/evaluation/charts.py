"""Charts of a report as SVG that follows the page's colours; no script, no picture."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 360
HEIGHT: Final = 300
LEFT, TOP, RIGHT, BOTTOM = 56, 12, 12, 40
CELL: Final = 16
LABELLED_CELLS: Final = 24
"""Cells of a matrix of at most so many classes carry their number."""

Points = Sequence[tuple[float, float]]
LINE_STYLE: Final = 'fill="none" stroke="var(--accent)" stroke-width="2"'


def draw_curve(
    curves: Sequence[Points],
    *,
    x: str,
    y: str,
    diagonal: bool = False,
    dots: bool = False,
    highest: float = 1.0,
    describe: str,
) -> str:
    """Lines in a frame from 0 to 1, upwards to `highest`; the first line stands out, the others are faint."""
    parts = [_frame(x, y, highest)]
    if diagonal:
        (x0, y0), (x1, y1) = _place((0, 0), highest), _place((1, highest), highest)
        parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="var(--soft)" stroke-dasharray="4 4"/>')
    for place, points in reversed(list(enumerate(curves))):
        placed = [_place(point, highest) for point in points]
        faint = "" if place == 0 else ' opacity="0.25"'
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in placed)
        parts.append(f'<polyline points="{path}" {LINE_STYLE}{faint}/>')
        if dots:
            parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="var(--accent)"/>' for px, py in placed]
    return _svg(WIDTH, HEIGHT, "".join(parts), describe)


def draw_bars(shares: Mapping[str, float], *, describe: str) -> str:
    """One bar a name from 0 to 1, with its figure."""
    rows = []
    for place, (name, share) in enumerate(shares.items()):
        y = 4 + 26 * place
        rows.append(
            f'<text x="0" y="{y + 14}">{escape(name)}</text>'
            f'<rect x="150" y="{y}" width="{200 * share:.1f}" height="18" rx="4" fill="var(--accent)"/>'
            f'<text x="{156 + 200 * share:.1f}" y="{y + 14}">{share:.3f}</text>'
        )
    return _svg(410, 8 + 26 * len(shares), "".join(rows), describe)


def draw_histogram(values: NDArray[np.floating], marked: NDArray[np.bool_], *, x: str, describe: str) -> str:
    """How many of `values`, 0 to 1, lie where; the marked ones in the colour of mistakes."""
    counts, _ = np.histogram(values, 20, (0, 1))
    bad, _ = np.histogram(values[marked], 20, (0, 1))
    highest = max(1, int(counts.max()))
    width = (WIDTH - LEFT - RIGHT) / 20
    parts = [_frame(x, "pictures", highest)]
    for place, (count, wrong) in enumerate(zip(counts, bad, strict=True)):
        left = LEFT + place * width + 1
        for amount, colour in ((count, "var(--accent)"), (wrong, "var(--bad)")):
            top = _place((0, amount), highest)[1]
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{HEIGHT - BOTTOM - top:.1f}" '
                f'fill="{colour}"/>'
            )
    return _svg(WIDTH, HEIGHT, "".join(parts), describe)


def draw_matrix(matrix: NDArray[np.int64], names: Sequence[str], *, describe: str) -> str:
    """Rows are the truth, columns the answers; a darker cell holds a larger share of its row."""
    order = order_alike(matrix)
    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(1)
    margin = 12 + 6.2 * max(len(name) for name in names)
    parts = [
        f'<text x="{margin - 6:.0f}" y="{margin + CELL * (place + 0.75):.1f}" text-anchor="end">{escape(names[row])}'
        f'</text><text transform="translate({margin + CELL * (place + 0.75):.1f},{margin - 6:.0f}) rotate(-90)">'
        f"{escape(names[row])}</text>"
        for place, row in enumerate(order)
    ]
    for y, row in enumerate(order):
        for x, column in enumerate(order):
            if matrix[row, column]:
                parts.append(_cell(x, y, margin, matrix[row, column], shares[row, column], names[row], names[column]))
    side = margin + CELL * len(names) + 4
    frame = CELL * len(names)
    parts.append(
        f'<rect x="{margin:.0f}" y="{margin:.0f}" width="{frame}" height="{frame}" fill="none" stroke="var(--line)"/>'
    )
    body = "".join(part if len(names) <= LABELLED_CELLS else _without_number(part) for part in parts)
    larger = 1.6 if len(names) <= LABELLED_CELLS else 1.0
    return _svg(round(side), round(side), body, describe, larger)


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


def _cell(x: int, y: int, margin: float, count: int, share: float, truth: str, answer: str) -> str:
    colour = "var(--accent)" if truth == answer else "var(--bad)"
    left, top = margin + CELL * x, margin + CELL * y
    words = f"{truth} answered as {answer}: {count} ({share:.0%})"
    cell = (
        f'<rect x="{left + 0.5:.1f}" y="{top + 0.5:.1f}" width="{CELL - 1}" height="{CELL - 1}" rx="2" fill="{colour}" '
        f'opacity="{0.15 + 0.85 * share:.2f}"><title>{escape(words)}</title></rect>'
    )
    number_colour = "var(--card)" if share > 0.5 else "var(--ink)"
    return (
        cell + f'<text x="{left + CELL / 2:.1f}" y="{top + CELL * 0.72:.1f}" text-anchor="middle" '
        f'style="font-size:9px;fill:{number_colour};pointer-events:none">{count}</text>'
        if count
        else cell
    )


def _without_number(part: str) -> str:
    return part.split("</rect><text", 1)[0] + "</rect>" if part.startswith("<rect") and "<title>" in part else part


def _place(point: tuple[float, float], highest: float) -> tuple[float, float]:
    x, y = point
    return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / highest * (HEIGHT - TOP - BOTTOM)


def _frame(x: str, y: str, highest: float) -> str:
    parts = []
    for step in (0, 0.25, 0.5, 0.75, 1):
        px, py = _place((step, step * highest), highest)
        value = step * highest
        number = f"{value:.0f}" if highest > 1 else f"{value:.2g}"
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py:.1f}" y2="{py:.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{number}</text>'
            f'<text x="{px:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{step:g}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x)}</text>'
        f'<text transform="translate(11,{(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y)}</text>"
    )
    return "".join(parts)


def _svg(width: float, height: float, body: str, describe: str, larger: float = 1.0) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{larger * width:.0f}" role="img" '
        f'aria-label="{escape(describe, quote=True)}">{body}</svg>'
    )

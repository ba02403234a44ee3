"""Charts of a report as SVG that follows the page's colours; no script, no picture."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.intervals import share_interval

WIDTH: Final = 360
HEIGHT: Final = 300
LEFT, TOP, RIGHT, BOTTOM = 56, 12, 12, 40

Points = Sequence[tuple[float, float]]
LINE_STYLE: Final = 'fill="none" stroke="var(--accent)" stroke-width="2"'


def draw_curve(
    curves: Sequence[Points],
    *,
    x: str,
    y: str,
    diagonal: bool = False,
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


def draw_histogram(values: NDArray[np.floating], marked: NDArray[np.bool_], *, x: str, y: str, describe: str) -> str:
    """How many of `values`, 0 to 1, lie where; the marked ones in the colour of mistakes."""
    counts, _ = np.histogram(values, 20, (0, 1))
    bad, _ = np.histogram(values[marked], 20, (0, 1))
    highest = round_up(max(1, int(counts.max())), whole=True)
    width = (WIDTH - LEFT - RIGHT) / 20
    parts = [_frame(x, y, highest)]
    for place, (count, wrong) in enumerate(zip(counts, bad, strict=True)):
        left = LEFT + place * width + 1
        for amount, colour in ((count, "var(--accent)"), (wrong, "var(--bad)")):
            top = _place((0, amount), highest)[1]
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{HEIGHT - BOTTOM - top:.1f}" '
                f'fill="{colour}"/>'
            )
    return _svg(WIDTH, HEIGHT, "".join(parts), describe)


def draw_reliability(bins: Sequence[tuple[float, float, int]], *, describe: str) -> str:
    """(mean confidence, accuracy, pictures) of each bin: a dot as large as its pictures are many.

    Each whisker is the 95 % range of its accuracy: a dot beside the dashed line may be nothing but few pictures.
    """
    (x0, y0), (x1, y1) = _place((0, 0), 1), _place((1, 1), 1)
    parts = [
        _frame("confidence", "accuracy", 1),
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="var(--soft)" stroke-dasharray="4 4"/>',
    ]
    most = max((count for _, _, count in bins), default=1)
    for sure, accuracy, count in bins:
        spread = share_interval(round(accuracy * count), count)
        px, py = _place((sure, accuracy), 1)
        low, high = _place((sure, spread.low), 1)[1], _place((sure, spread.high), 1)[1]
        words = f"{count} pictures answered with {sure:.0%} on average, {accuracy:.0%} of them rightly"
        parts.append(
            f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="var(--accent)" opacity="0.35"/>'
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{2.5 + 7 * (count / most) ** 0.5:.1f}" fill="var(--accent)" '
            f'opacity="0.85"><title>{words}</title></circle>'
        )
    return _svg(WIDTH, HEIGHT, "".join(parts), describe)


def round_up(value: float, *, whole: bool = False) -> float:
    """The top of an axis: the least number of which a quarter is round (1, 2, 2.5 or 5 times a power of ten)."""
    power = 10.0 ** math.floor(math.log10(value / 4))
    quarters = (factor * power for factor in (1, 2, 2.5, 5, 10, 20))
    return next(4 * each for each in quarters if 4 * each >= value and (not whole or (each >= 1 and each % 1 == 0)))


def _place(point: tuple[float, float], highest: float) -> tuple[float, float]:
    x, y = point
    return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / highest * (HEIGHT - TOP - BOTTOM)


def _frame(x: str, y: str, highest: float) -> str:
    parts = []
    for step in (0, 0.25, 0.5, 0.75, 1):
        px, py = _place((step, step * highest), highest)
        value = step * highest
        number = f"{value:.0f}" if highest > 1 else f"{value:.3g}"
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


def _svg(width: float, height: float, body: str, describe: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(describe, quote=True)}">{body}</svg>'
    )

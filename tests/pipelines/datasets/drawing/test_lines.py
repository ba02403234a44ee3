import math

import numpy as np
import pytest

from pipelines.datasets.drawing.lines import smooth, taper


def test_a_smooth_line_passes_through_its_knots() -> None:
    knots = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 4.0)]

    line = smooth(knots, steps=5)

    assert np.asarray(line[::5]) == pytest.approx(np.asarray(knots))
    assert len(line) == 16


def test_a_closed_line_has_no_corner_where_it_began() -> None:
    corners = [(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)]

    outline = smooth(corners, closed=True, steps=6)

    radii = [math.hypot(x, y) for x, y in outline]
    assert len(outline) == 48
    assert min(radii) > 0.97
    assert max(radii) < 1.03


def test_a_tapered_line_is_as_wide_as_the_pen_was_pressed() -> None:
    outline = taper([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)], (0.2, 0.6, 0.0))

    upper, lower = np.asarray(outline[:3]), np.asarray(outline[3:])[::-1]
    assert np.abs(upper[:, 1] - lower[:, 1]) == pytest.approx([0.2, 0.6, 0.0])

import math

import pytest

from pipelines.datasets.catalogue import Box
from pipelines.datasets.layouts.reading.boxes import make_box, parse_box


def test_numbers_counted_from_1_include_their_last_pixel() -> None:
    assert make_box((1, 1, 10, 20), first_pixel=1) == Box(0, 0, 10, 20)
    assert make_box((0, 0, 10, 20)) == Box(0, 0, 10, 20)


def test_fractions_grow_to_whole_pixels() -> None:
    assert parse_box(("0.9", "1.5", "9.1", "20")) == Box(0, 1, 10, 20)


def test_a_corner_before_the_picture_begins_with_it() -> None:
    assert make_box((-5, -0.5, 10, 20)) == Box(0, 0, 10, 20)


@pytest.mark.parametrize(
    "corners",
    [
        (10, 0, 10, 20),
        (10, 20, 0, 0),
        (1, 2, 3),
        (0, 0, math.nan, 5),
        (0, 0, math.inf, 5),
        (0, 0, 1e12, 5),
        (0, 0, -4, 5),
    ],
)
def test_corners_that_enclose_nothing_are_no_box(corners: tuple[float, ...]) -> None:
    assert make_box(corners) is None


@pytest.mark.parametrize("words", [(), ("1", "2", "3", "x"), ("1", "2", "3")])
def test_words_that_are_no_numbers_are_no_box(words: tuple[str, ...]) -> None:
    assert parse_box(words) is None

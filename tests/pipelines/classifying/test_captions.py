import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageFont

from pipelines.classifying.captions import (
    COLOURS,
    UNKNOWN_COLOUR,
    Captions,
    Layout,
    choose_colours,
    segment_at,
    shorten,
)
from pipelines.classifying.consensus import Segment
from pipelines.inference import Answer

SEGMENTS = (
    Segment("bart", 0.9, 0.0, 2.0, 10),
    Segment(None, None, 2.0, 3.0, 5),
    Segment("a label that is by far too long for a small frame", 0.8, 3.0, 4.0, 5),
)
ANSWER = Answer("bart", 0.7, (("bart", 0.7),), "known")


@pytest.mark.parametrize(("seconds", "number"), [(0, 0), (1.99, 0), (2.0, 1), (3.5, 2), (4.0, 2), (99, 2)])
def test_a_moment_belongs_to_one_segment(seconds: float, number: int) -> None:
    assert segment_at(SEGMENTS, seconds) == number


def test_each_label_has_a_colour_and_the_unknown_is_grey() -> None:
    colours = choose_colours(SEGMENTS)

    assert [colours[segment.label] for segment in SEGMENTS] == [COLOURS[0], UNKNOWN_COLOUR, COLOURS[1]]


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1280, 720), (200, 360)])
@pytest.mark.parametrize("seconds", [0.0, 2.5, 3.5, 4.0])
def test_the_words_stay_at_the_foot_of_the_frame(size: tuple[int, int], seconds: float) -> None:
    layout = Layout(*size)
    picture = PillowImage.new("RGB", size, (0, 90, 0))

    Captions(SEGMENTS, 4.0, layout).draw(picture, seconds, ANSWER)

    changed = (np.asarray(picture) != (0, 90, 0)).any(axis=2)
    assert changed[-layout.strip :].all()
    assert not changed[: -layout.strip].any()
    assert layout.strip < size[1] / 3
    edges = np.asarray(picture)[-layout.strip :, [0, 1, -2, -1]]
    assert (edges.max(axis=2) < 60).all(), "something is drawn to the very edge"


def test_the_line_of_time_shows_the_segments_and_where_the_video_is() -> None:
    layout = Layout(640, 360)
    picture = PillowImage.new("RGB", (640, 360))

    Captions(SEGMENTS, 4.0, layout).draw(picture, 1.0, ANSWER)

    y = 360 - layout.strip + layout.line_top + 1
    assert picture.getpixel((layout.line_x(0.1), y)) == COLOURS[0]
    assert picture.getpixel((layout.line_x(0.6), y)) == UNKNOWN_COLOUR
    assert picture.getpixel((layout.line_x(0.9), y)) == COLOURS[1]
    assert picture.getpixel((layout.line_x(0.25), y)) == (255, 255, 255)


def test_what_is_too_wide_ends_in_an_ellipsis() -> None:
    font = ImageFont.load_default(20)

    assert shorten("bart", font, 500) == "bart"
    assert shorten("bartholomew", font, 60).endswith("…")
    assert font.getlength(shorten("bartholomew", font, 60)) <= 60

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from pipelines.datasets.drawn_pictures import Drawing, draw_folder
from pipelines.datasets.samples import DRAWINGS
from pipelines.images import decode_image, resize_image


@pytest.fixture(params=sorted(DRAWINGS))
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return DRAWINGS[request.param]


def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not(drawing: Drawing) -> None:
    once, again, other = drawing.draw_picture(3, 7), drawing.draw_picture(3, 7), drawing.draw_picture(3, 8)

    assert once == again
    assert once.jpeg != other.jpeg


def test_every_class_is_drawn_equally_often(drawing: Drawing) -> None:
    labels = [drawing.draw_picture(index, 1).label for index in range(len(drawing.CLASS_NAMES))]

    assert sorted(labels) == sorted(drawing.CLASS_NAMES)


def test_pictures_are_jpegs_with_sides_of_96_to_352(drawing: Drawing) -> None:
    for index in range(4):
        picture = Image.open(io.BytesIO(drawing.draw_picture(index, 2).jpeg))

        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert all(96 <= side <= 352 for side in picture.size)


def test_no_two_pictures_are_alike(drawing: Drawing) -> None:
    classes = len(drawing.CLASS_NAMES)

    # the same class each time: what else differs must be enough
    small = [_shrink(drawing.draw_picture(index * classes, 5).jpeg) for index in range(5)]

    pairs = [(a, b) for place, a in enumerate(small) for b in small[:place]]
    assert min(float(np.abs(a - b).mean()) for a, b in pairs) > 0.03


def test_a_picture_does_not_depend_on_how_many_are_drawn(tmp_path: Path) -> None:
    names, draw = DRAWINGS["simpsons"].CLASS_NAMES, DRAWINGS["simpsons"].draw_picture

    draw_folder(tmp_path / "few", names, draw, 12, 7)
    draw_folder(tmp_path / "more", names, draw, 34, 7)

    few = {path.relative_to(tmp_path / "few"): path.read_bytes() for path in (tmp_path / "few").rglob("*.jpg")}
    more = {path.relative_to(tmp_path / "more"): path.read_bytes() for path in (tmp_path / "more").rglob("*.jpg")}
    assert len(few) == 12
    assert len(more) == 34
    assert few.items() <= more.items()


def test_cats_and_dogs_are_not_told_apart_by_raw_pixels(learner: LogisticRegression) -> None:
    pictures = [DRAWINGS["cats_dogs"].draw_picture(index, 7) for index in range(200)]
    pixels = np.stack([_shrink(picture.jpeg).reshape(-1) for picture in pictures])
    labels = np.array([picture.label for picture in pictures])

    learner.fit(pixels[:140], labels[:140])

    assert learner.score(pixels[:140], labels[:140]) > 0.9, "the model must have learned what it was shown"
    # 60 pictures: chance is 0.5 with a spread of 0.065
    assert learner.score(pixels[140:], labels[140:]) < 0.7


@pytest.fixture
def learner() -> Iterator[LogisticRegression]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 40 rounds learn what they were shown
        yield LogisticRegression(max_iter=40)


def _shrink(jpeg: bytes) -> np.ndarray:
    return np.asarray(resize_image(decode_image(jpeg), (32, 32)), np.float32) / 255

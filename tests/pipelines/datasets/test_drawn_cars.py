import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from pipelines.datasets.drawn_cars import CLASS_NAMES, draw_picture
from pipelines.datasets.drawn_pictures import draw_folder
from pipelines.images import decode_image, resize_image


def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not() -> None:
    once, again, other = draw_picture(3, 7), draw_picture(3, 7), draw_picture(3, 8)

    assert once == again
    assert once.jpeg != other.jpeg


def test_a_picture_does_not_depend_on_how_many_are_drawn(tmp_path: Path) -> None:
    draw_folder(tmp_path / "few", CLASS_NAMES, draw_picture, 12, 7)
    draw_folder(tmp_path / "more", CLASS_NAMES, draw_picture, 34, 7)

    few = {path.relative_to(tmp_path / "few"): path.read_bytes() for path in (tmp_path / "few").rglob("*.jpg")}
    more = {path.relative_to(tmp_path / "more"): path.read_bytes() for path in (tmp_path / "more").rglob("*.jpg")}

    assert len(few) == 12
    assert len(more) == 34
    assert few.items() <= more.items()


def test_every_class_is_drawn_equally_often() -> None:
    labels = [draw_picture(index, 1).label for index in range(2 * len(CLASS_NAMES))]

    assert len(CLASS_NAMES) >= 8
    assert all(labels.count(name) == 2 for name in CLASS_NAMES)


def test_pictures_are_jpegs_with_sides_of_96_to_320() -> None:
    for index in range(20):
        picture = Image.open(io.BytesIO(draw_picture(index, 2).jpeg))

        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert all(96 <= side <= 320 for side in picture.size)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # 40 rounds learn what they were shown
def test_a_linear_model_on_raw_pixels_stays_under_0_6() -> None:
    cars = [draw_picture(index, 7) for index in range(400)]
    pixels = np.stack([resize_image(decode_image(car.jpeg), (32, 32)).reshape(-1) for car in cars]) / np.float32(255)
    labels = np.array([car.label for car in cars])

    model = LogisticRegression(max_iter=40).fit(pixels[:320], labels[:320])

    assert model.score(pixels[:320], labels[:320]) > 0.6, "the model must have learned what it was shown"
    assert model.score(pixels[320:], labels[320:]) < 0.6

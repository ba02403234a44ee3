import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pipelines.datasets.drawn_cars import draw_picture
from pipelines.images import decode_image, resize_image


def test_the_cars_of_a_seed_stay_the_same_from_version_to_version() -> None:
    """Accuracies that were measured on them are compared later; another Pillow may round another way."""
    pixels = decode_image(draw_picture(3, 7).jpeg)

    assert pixels.shape == (219, 281, 3)
    assert pixels.mean(axis=(0, 1)) == pytest.approx((117.6, 143.1, 122.1), abs=1.0)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # 40 rounds learn what they were shown
def test_a_linear_model_on_raw_pixels_stays_under_0_6() -> None:
    cars = [draw_picture(index, 7) for index in range(400)]
    pixels = np.stack([resize_image(decode_image(car.jpeg), (32, 32)).reshape(-1) for car in cars]) / np.float32(255)
    labels = np.array([car.label for car in cars])

    model = LogisticRegression(max_iter=40).fit(pixels[:320], labels[:320])

    assert model.score(pixels[:320], labels[:320]) > 0.6, "the model must have learned what it was shown"
    assert model.score(pixels[320:], labels[320:]) < 0.6

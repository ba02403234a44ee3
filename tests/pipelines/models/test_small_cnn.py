import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models.contract import set_temperature
from pipelines.models.small_cnn import LUMA, build_small_cnn
from tests.pipelines.models.plans import make_plan

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 100, 100, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", [64, 100, 160])
def test_it_has_the_predecessors_weights_whatever_the_input(side: int) -> None:
    model = build_small_cnn(make_plan("small_cnn", image_size=side), 2)

    assert model.count_params() == 1_372_873
    assert sum(weight.shape.num_elements() for weight in model.trainable_weights) == 1_372_873


def test_one_sigmoid_gives_the_probabilities_of_two_classes() -> None:
    model = build_small_cnn(make_plan("small_cnn", image_size=100), 2)

    probabilities = model.predict(PIXELS, verbose=0)

    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_the_convolutions_see_grey_from_0_to_1() -> None:
    import keras

    model = build_small_cnn(make_plan("small_cnn", image_size=100), 2)
    grey = keras.Model(model.input, model.get_layer("grey").output).predict(PIXELS, verbose=0)

    assert grey.shape == (3, 100, 100, 1)
    np.testing.assert_allclose(grey[..., 0], PIXELS @ np.array(LUMA) / 255, atol=1e-5)


def test_temperature_softens_the_sigmoid() -> None:
    model = build_small_cnn(make_plan("small_cnn", image_size=100), 2)
    before = model.predict(PIXELS, verbose=0)

    set_temperature(model, 2.0)

    odds = np.log(before[:, 1] / before[:, 0])
    after = model.predict(PIXELS, verbose=0)
    np.testing.assert_allclose(np.log(after[:, 1] / after[:, 0]), odds / 2, atol=1e-4)


def test_a_third_class_is_refused_with_another_architecture() -> None:
    with pytest.raises(
        ModelError, match=r"Expected two classes .* received 3\. Set train\.architecture to compact_cnn"
    ):
        build_small_cnn(make_plan("small_cnn"), 3)

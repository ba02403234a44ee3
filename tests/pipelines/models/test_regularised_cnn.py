import numpy as np
import pytest

from pipelines.models.regularised_cnn import build_regularised_cnn
from tests.pipelines.models.plans import make_plan


@pytest.mark.parametrize("side", [64, 96])
def test_pictures_of_any_size_become_probabilities(side: int) -> None:
    model = build_regularised_cnn(make_plan("regularised_cnn", image_size=side), 12)
    pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)

    probabilities = model.predict(pixels, verbose=0)

    assert probabilities.shape == (2, 12)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_large_weights_cost() -> None:
    model = build_regularised_cnn(make_plan("regularised_cnn", image_size=64), 12)
    before = float(sum(model.losses))

    layer = model.get_layer("block1_conv1")
    layer.set_weights([weights + 1 for weights in layer.get_weights()])

    assert float(sum(model.losses)) > before > 0

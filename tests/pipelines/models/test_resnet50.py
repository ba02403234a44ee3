from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models.resnet50 import build_resnet50
from tests.pipelines.models.plans import make_plan

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


@pytest.mark.integration
def test_published_weights_see_pixels_as_they_were_fitted_to(tmp_path: Path) -> None:
    """As keras.applications prepares them: blue first, without ImageNet's means."""
    import keras

    keras.utils.set_random_seed(3)
    published = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    published.save_weights(tmp_path / "published.weights.h5")
    wanted = published(keras.applications.resnet50.preprocess_input(PIXELS.astype(np.float32)))

    model = build_resnet50(make_plan("resnet50", weights="published.weights.h5"), 5, tmp_path)

    features = keras.Model(model.input, model.get_layer("features").output)(PIXELS)
    np.testing.assert_allclose(features, wanted, rtol=1e-3, atol=1e-3)


def test_weights_of_another_network_are_one_line(tmp_path: Path) -> None:
    from pipelines.models.compact_cnn import build_compact_cnn

    build_compact_cnn(3, 32, 0.2, 7).save_weights(tmp_path / "other.weights.h5")

    with pytest.raises(ModelError, match=r"Expected weights for resnet50; .*`vigia data download resnet50_weights`"):
        build_resnet50(make_plan("resnet50", weights="other.weights.h5"), 5, tmp_path)

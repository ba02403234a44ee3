from pathlib import Path

import numpy as np
import pytest

from pipelines.models.efficientnet_v2_b0 import build_efficientnet_v2_b0
from tests.pipelines.models.plans import make_plan

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


@pytest.mark.integration
def test_published_weights_see_pixels_as_they_were_fitted_to(tmp_path: Path) -> None:
    """Scaling is a part of the published network, so plain pixels go in."""
    import keras

    keras.utils.set_random_seed(3)
    published = keras.applications.EfficientNetV2B0(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    published.save_weights(tmp_path / "published.weights.h5")
    wanted = published(PIXELS)

    model = build_efficientnet_v2_b0(make_plan("efficientnet_v2_b0", weights="published.weights.h5"), 5, tmp_path)

    features = keras.Model(model.input, model.get_layer("features").output)(PIXELS)
    np.testing.assert_allclose(features, wanted, rtol=1e-3, atol=1e-4)
    assert np.ptp(features) > 0

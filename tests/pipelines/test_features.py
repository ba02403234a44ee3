from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.features import load_extractor
from pipelines.models.weights import IMAGENET_FILES

PIXELS = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in range(5)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("weights")
    keras.utils.set_random_seed(1)
    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
    for layer in base.layers:  # normalisation that does something
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([np.random.default_rng(2).uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    base.save_weights(folder / IMAGENET_FILES["mobilenet_v2"])
    return folder


def test_without_weights_there_is_no_extractor(tmp_path: Path) -> None:
    assert load_extractor(None) is None
    assert load_extractor(tmp_path) is None


def test_a_file_that_holds_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / IMAGENET_FILES["mobilenet_v2"]).write_bytes(b"no weights")

    with pytest.raises(ModelError, match=r"\.weights\.h5"):
        load_extractor(tmp_path)


@pytest.mark.integration  # TensorFlow takes seconds to import
@pytest.mark.parametrize(("side", "cut"), [(64, "block_12_add"), (96, "block_2_add"), (72, "block_13_project")])
def test_the_trunk_says_what_keras_says(weights: Path, side: int, cut: str) -> None:
    import keras

    from pipelines.images import resize_image

    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(side, side, 3))
    base.load_weights(weights / IMAGENET_FILES["mobilenet_v2"])
    layer = "block_13_project_BN" if cut == "block_13_project" else cut
    batch = np.stack([resize_image(image, (side, side)) for image in PIXELS]) / np.float32(127.5) - 1
    expected = keras.Model(base.input, base.get_layer(layer).output).predict(batch, verbose=0)

    extractor = load_extractor(weights, side=side, cut=cut.removesuffix("_project"))

    assert extractor is not None
    ours = extractor.features(PIXELS)
    assert ours.shape == expected.shape == (5, *extractor.shape)
    np.testing.assert_allclose(ours, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.integration
def test_pooled_features_are_one_vector_a_picture_in_their_order(weights: Path) -> None:
    extractor = load_extractor(weights, side=64)

    assert extractor is not None
    together = extractor.features(PIXELS)
    assert together.shape == (5, 1280)
    for image, row in zip(PIXELS, together, strict=True):
        assert np.array_equal(extractor.features([image])[0], row)

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models.vision_transformer import build_vision_transformer
from pipelines.models.weights import IMAGENET_FILES
from tests.pipelines.models.jax_transformer import compute_features, make_arrays, save_arrays
from tests.pipelines.models.plans import make_plan

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def test_published_weights_give_what_the_authors_code_computes(tmp_path: Path) -> None:
    import keras

    arrays = make_arrays()
    save_arrays(tmp_path / "vit.npz", arrays)

    model = build_vision_transformer(make_plan("vision_transformer", weights="vit.npz"), 4, tmp_path)

    features = keras.Model(model.input, model.get_layer("features").output).predict(PIXELS, verbose=0)
    np.testing.assert_allclose(features, compute_features(arrays, PIXELS), rtol=1e-3, atol=1e-3)


def test_the_file_that_imagenet_stands_for_is_found_by_its_name(tmp_path: Path) -> None:
    save_arrays(tmp_path / IMAGENET_FILES["vision_transformer"], make_arrays())

    model = build_vision_transformer(make_plan("vision_transformer", weights="imagenet"), 4, tmp_path)

    assert model.get_layer("features").output.shape == (None, 12)


def test_positions_fit_a_larger_picture(tmp_path: Path) -> None:
    save_arrays(tmp_path / "vit.npz", make_arrays())

    model = build_vision_transformer(make_plan("vision_transformer", weights="vit.npz", image_size=64), 4, tmp_path)

    assert model.get_layer("embedding").get_weights()[1].shape == (65, 12)


def test_from_nothing_it_is_the_tiny_one_of_the_paper() -> None:
    model = build_vision_transformer(make_plan("vision_transformer", image_size=224), 1000, None)

    # timm counts 5,717,416 in vit_tiny_patch16_224: the class token and the projection's bias are vectors of their own
    assert model.count_params() == 5_717_416 - 2 * 192


def test_without_the_file_the_error_names_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Put Ti_16.*npz into a folder \(`vigia data download vision_transformer_w"):
        build_vision_transformer(make_plan("vision_transformer", weights="imagenet"), 4, tmp_path)


def test_a_side_that_patches_do_not_fill_is_answered_with_one_that_they_do() -> None:
    with pytest.raises(ModelError, match=r"a multiple of 16 .* received 100\. Set it to 96"):
        build_vision_transformer(make_plan("vision_transformer", image_size=100), 4, None)

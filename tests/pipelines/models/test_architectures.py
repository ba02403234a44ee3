"""What every architecture promises, from pixels to the network that serves."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.export import write_network
from pipelines.models import build_network
from pipelines.models.contract import (
    FACE_MODELS,
    FEATURES_LAYER,
    MIDDLE_LAYERS,
    TEMPERATURE_LAYER,
    set_temperature,
    split_outputs,
)
from pipelines.models.weights import IMAGENET_FILES
from pipelines.openvino_core import open_core
from pipelines.preprocessing import WholePicture
from pipelines.training.params import Architecture
from tests.pipelines.models.plans import make_plan

pytestmark = pytest.mark.integration
# a network for faces begins with weights: tests/pipelines/models/test_face_embedding.py asks it the same
ARCHITECTURES = [name for name in get_args(Architecture) if name not in FACE_MODELS]
SIDE = 64
PIXELS = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_saved_loaded_and_served_without_code_of_ours(architecture: str, tmp_path: Path) -> None:
    import keras

    model = build_network(make_plan(architecture, image_size=SIDE), 2, None).model
    set_temperature(model, 1.7)
    probabilities = np.asarray(model(PIXELS))

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    write_network(split_outputs(loaded), tmp_path / "model.xml")
    network = open_core().compile_model(tmp_path / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    served, features, *middle = network(PIXELS).values()

    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(loaded(PIXELS), probabilities, atol=1e-6)
    np.testing.assert_allclose(served, probabilities, atol=1e-3)
    assert features.ndim == 2
    assert [each.ndim for each in middle] == ([2] if architecture in MIDDLE_LAYERS else [])
    assert model.get_layer(TEMPERATURE_LAYER).scale == pytest.approx(1 / 1.7)
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_its_weights_follow_from_the_seed(architecture: str) -> None:
    one, two, other = (
        build_network(make_plan(architecture, seed=seed), 2, None).model.get_weights() for seed in (1, 1, 2)
    )

    assert all(np.array_equal(first, second) for first, second in zip(one, two, strict=True))
    assert any(not np.array_equal(first, second) for first, second in zip(one, other, strict=True))


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name in IMAGENET_FILES])
def test_its_tail_begins_where_one_layer_carries_everything(architecture: str) -> None:
    """Trunk and learner, one after the other, say what the whole says."""
    from pipelines.models import Network, _build

    model, tail_cut = _build(make_plan(architecture, image_size=SIDE), 2, None)
    network = Network(model, tail_cut, WholePicture((SIDE, SIDE)))

    joined = network.learner()(network.trunk()(PIXELS))

    np.testing.assert_allclose(joined, model(PIXELS), atol=1e-5)
    assert FEATURES_LAYER in {layer.name for layer in network.learner().layers}


def test_what_has_no_pretrained_tail_says_so() -> None:
    with pytest.raises(ModelError, match="Expected pretrained weights to finetune the tail of small_cnn"):
        build_network(make_plan("small_cnn", finetune="tail"), 2, None)

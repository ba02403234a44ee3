from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models import build_network
from pipelines.models.contract import load_trained
from tests.pipelines.models.plans import make_plan

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("train") / "model.keras"
    build_network(make_plan("compact_cnn"), 3, None).model.save(file)
    return file


def spoil(model: Any) -> None:
    """One weight of a layer in the middle is no number."""
    layer = model.layers[len(model.layers) // 2]
    layer = layer if layer.weights else next(each for each in model.layers if each.weights)
    first, *others = layer.get_weights()
    first.flat[0] = np.nan
    layer.set_weights([first, *others])


def test_what_training_left_is_loaded(trained: Path) -> None:
    assert load_trained(trained).output_shape == (None, 3)


@pytest.mark.parametrize("damage", ["cut short", "one byte changed", "empty", "another file", "gone"])
def test_a_damaged_model_is_one_line_that_says_what_to_do(trained: Path, tmp_path: Path, damage: str) -> None:
    whole = trained.read_bytes()
    middle = len(whole) // 2
    content = {
        "cut short": whole[:middle],
        "one byte changed": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "empty": b"",
        "another file": b"<html>not found</html>",
    }
    file = tmp_path / "train" / "model.keras"
    file.parent.mkdir()
    if damage in content:
        file.write_bytes(content[damage])

    with pytest.raises(ModelError, match=rf"Expected a Keras model in {file}.*Remove {file.parent} and train again"):
        load_trained(file)


def test_a_model_with_a_weight_that_is_no_number_is_refused_by_name(trained: Path, tmp_path: Path) -> None:
    model = load_trained(trained)
    spoil(model)
    model.save(tmp_path / "model.keras")

    with pytest.raises(ModelError, match=r"Expected finite numbers in .*model\.keras, .+ holds NaN"):
        load_trained(tmp_path / "model.keras")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of MobileNetV2 as keras.applications saves them, with random numbers."""
    import keras

    file = tmp_path_factory.mktemp("weights") / "published.weights.h5"
    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    base.save_weights(file)
    return file


def build_from(file: Path) -> Any:
    return build_network(make_plan("mobilenet_v2", weights=file.name, finetune="tail"), 3, file.parent)


def test_published_weights_are_taken(published: Path) -> None:
    assert build_from(published).cut == "block_12_add"


@pytest.mark.parametrize("damage", ["cut short", "empty", "another file", "another network"])
def test_a_weights_file_that_cannot_be_used_is_one_line(published: Path, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "wrong.weights.h5"
    if damage == "another network":
        build_network(make_plan("compact_cnn"), 3, None).model.save_weights(file)
    else:
        whole = published.read_bytes()
        file.write_bytes({"cut short": whole[: len(whole) // 2], "empty": b"", "another file": b"PK no"}[damage])

    with pytest.raises(ModelError, match=r"Expected weights for mobilenet_v2; .*set VIGIA_WEIGHTS_DIR to it"):
        build_from(file)


def test_weights_of_a_larger_network_are_one_line(published: Path, tmp_path: Path) -> None:
    import keras

    file = tmp_path / "wider.weights.h5"
    keras.applications.MobileNetV2(include_top=False, weights=None, alpha=1.4, input_shape=(32, 32, 3)).save_weights(
        file
    )

    with pytest.raises(ModelError, match="Expected weights for mobilenet_v2"):
        build_from(file)


def test_weights_that_are_no_numbers_are_refused_before_anything_is_fitted(published: Path, tmp_path: Path) -> None:
    import keras

    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    spoil(base)
    base.save_weights(tmp_path / "spoilt.weights.h5")

    wanted = r"Expected finite numbers in the weights spoilt\.weights\.h5 of mobilenet_v2, .* holds NaN.*Fetch the file"
    with pytest.raises(ModelError, match=wanted):
        build_from(tmp_path / "spoilt.weights.h5")

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError, TrainingError
from pipelines.models import build_network
from pipelines.stage_params import AugmentParams, TrainParams
from pipelines.training import Epoch, Pictures, build_augmentation, fit

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import

PARAMS = TrainParams(
    image_size=32, epochs=3, batch_size=16, learning_rate=0.01, augment=AugmentParams(rotation_degrees=0)
)


def draw(count: int) -> Pictures:
    """Red and blue pictures: anything learns them."""
    labels = np.arange(count, dtype=np.int64) % 2
    images = np.zeros((count, 32, 32, 3), np.uint8)
    images[labels == 0, ..., 0] = 220
    images[labels == 1, ..., 2] = 220
    names = tuple(f"{index}.jpg" for index in range(count))
    return Pictures(images, labels, names, tuple(f"{index:064x}" for index in range(count)))


def test_a_small_network_learns_and_tells_every_epoch() -> None:
    told: list[Epoch] = []
    network = build_network(PARAMS, 2, None)

    epochs = fit(network, draw(64), draw(16), PARAMS, told.append)

    assert epochs == told
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert epochs[-1].loss < epochs[0].loss
    rows = network.model.predict(draw(16).images, verbose=0)
    assert rows.shape == (16, 2)
    assert rows.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-5)


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    params = TrainParams(**{**PARAMS.model_dump(), "learning_rate": 0.99, "augment": PARAMS.augment})
    network = build_network(params, 2, None)
    network.model.set_weights([np.full_like(weights, np.nan) for weights in network.model.get_weights()])

    with pytest.raises(TrainingError, match="stopped being a number"):
        fit(network, draw(32), draw(8), params, lambda _: None)


def test_a_frozen_trunk_stays_as_it_was_while_the_head_learns(tmp_path: Path) -> None:
    import keras

    keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "mine.weights.h5"
    )
    params = TrainParams(architecture="mobilenet_v2", weights="mine.weights.h5", image_size=32, epochs=2, batch_size=16)
    network = build_network(params, 2, tmp_path)
    assert network.trunk is not None
    before = network.trunk.get_weights()

    fit(network, draw(32), draw(8), params, lambda _: None)

    assert all((then == now).all() for then, now in zip(before, network.trunk.get_weights(), strict=True))


def test_augmentation_changes_training_pictures_only() -> None:
    augment = build_augmentation(AugmentParams(), seed=1)
    images = np.random.default_rng(1).integers(0, 255, (4, 32, 32, 3)).astype(np.float32)

    assert (np.asarray(augment(images, training=False)) == images).all()
    changed = np.asarray(augment(images, training=True))
    assert changed.shape == images.shape
    assert not (changed == images).all()


def test_a_missing_weights_file_is_named() -> None:
    params = TrainParams(architecture="mobilenet_v2", weights="mine.weights.h5", image_size=32)

    with pytest.raises(ModelError, match=r"mine\.weights\.h5 in VIGIA_WEIGHTS_DIR, which is not set"):
        build_network(params, 2, None)


def test_a_download_that_fails_is_one_line_that_names_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def fail(**_: object) -> None:
        raise Exception("URL fetch failure: no network")  # as keras.utils.get_file does

    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    params = TrainParams(architecture="mobilenet_v2", weights="imagenet", image_size=32)

    with pytest.raises(ModelError, match=r"no network\. Put mobilenet_v2_1\.0_224_imagenet_no_top\.weights\.h5"):
        build_network(params, 2, None)

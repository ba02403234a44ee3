from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.models import Network
from pipelines.models.contract import FEATURES_LAYER, build_head
from pipelines.preprocessing import WholePicture
from pipelines.training.epochs import Epoch
from pipelines.training.params import Augmentation, TrainPlan
from pipelines.training.tails import Bench
from pipelines.training.training import fit_network
from tests.pipelines.training.colours import write_colours

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import

PLAN = TrainPlan(
    finetune="tail",
    image_size=32,
    views=2,
    epochs=2,
    batch_size=8,
    learning_rate=1e-3,
    keep="last",
    augment=Augmentation(rotation_degrees=5),
)


def build_tiny(plan: TrainPlan) -> Network:
    """As every architecture: a trunk up to `cut`, a tail up to the features, a head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(plan.seed)
    pixels = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.Conv2D(4, 3, strides=4, activation="relu", name="cut")(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="tail")(x)
    features = layers.GlobalAveragePooling2D(name=FEATURES_LAYER)(x)
    model = keras.Model(pixels, build_head(features, 2, plan.dropout, plan.seed))
    cuts = {"head": FEATURES_LAYER, "tail": "cut", "all": None}
    return Network(model, cuts[plan.finetune], WholePicture((32, 32)))


class Trained:
    """One training, and what it said."""

    def __init__(self, prepared: Path, cache: Path, **changes: object) -> None:
        plan = TrainPlan.model_validate(PLAN.model_dump() | changes)
        self.said: list[str] = []
        self.told: list[Epoch] = []
        self.network = build_tiny(plan)
        self.before: dict[str, Any] = self.weights()
        self.epochs = fit_network(self.network, prepared, plan, Bench(cache, None, self.said.append), self.told.append)

    def weights(self) -> dict[str, Any]:
        """Kernel of each layer that has one."""
        return {each.name: each.get_weights()[0] for each in self.network.model.layers if each.get_weights()}

    def learned(self) -> set[str]:
        return {name for name, kernel in self.weights().items() if not np.array_equal(kernel, self.before[name])}

    def answers(self) -> Any:
        pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
        return self.network.model.predict(pixels, verbose=0)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first training left; others may add to it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first(prepared: Path, cache: Path) -> Trained:
    return Trained(prepared, cache)


def test_the_tail_learns_and_the_trunk_stays_as_it_was(first: Trained) -> None:
    assert first.learned() == {"tail", "logits"}
    assert first.epochs == first.told
    # the last layer's own fit counts as one epoch more
    assert [(epoch.number, epoch.of) for epoch in first.epochs] == [(1, 3), (2, 3), (3, 3)]
    assert [line.split(":")[0] for line in first.said] == ["train", "validation"]


def test_other_params_of_the_last_layer_take_the_tail_from_before(first: Trained, prepared: Path, cache: Path) -> None:
    second = Trained(prepared, cache, dropout=0.6, label_smoothing=0.2)

    assert len(second.said) == 1
    assert "tail is that of an earlier training" in second.said[0]
    assert second.told[:2] == first.told[:2]
    assert np.array_equal(second.weights()["tail"], first.weights()["tail"])
    assert not np.array_equal(second.answers(), first.answers())


def test_another_learning_rate_takes_the_activations_and_fits_the_tail_anew(
    first: Trained, prepared: Path, cache: Path
) -> None:
    second = Trained(prepared, cache, learning_rate=3e-3)

    assert second.said == []
    assert not np.array_equal(second.weights()["tail"], first.weights()["tail"])


@pytest.mark.parametrize("change", [{"views": 3}, {"augment": {"zoom": 0.5}}])
def test_other_views_go_through_the_trunk_again(
    first: Trained, prepared: Path, cache: Path, change: dict[str, Any]
) -> None:
    again = Trained(prepared, cache, **change)

    # pictures of the validation split are seen plain, whatever the augmentation
    assert [line.split(":")[0] for line in again.said] == ["train"]


def test_the_same_training_twice_gives_the_same_model(first: Trained, prepared: Path, tmp_path: Path) -> None:
    again = Trained(prepared, tmp_path)

    assert np.array_equal(again.answers(), first.answers())
    assert [epoch.loss for epoch in again.epochs] == [epoch.loss for epoch in first.epochs]


@pytest.mark.parametrize(("finetune", "learned"), [("head", {"logits"}), ("all", {"cut", "tail", "logits"})])
def test_less_or_more_of_the_network_learns(prepared: Path, cache: Path, finetune: str, learned: set[str]) -> None:
    trained = Trained(prepared, cache, finetune=finetune)

    assert trained.learned() == learned
    assert [epoch.number for epoch in trained.epochs] == [1, 2]

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.models import Network, build_network
from pipelines.training.epochs import Epoch
from pipelines.training.params import Augmentation, Finetune, TrainPlan
from pipelines.training.tails import Bench
from pipelines.training.training import fit_network
from tests.pipelines.training.colours import write_colours

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import

PLAN = TrainPlan(
    architecture="mobilenet_v2",
    weights="mine.weights.h5",
    finetune="tail",
    image_size=32,
    views=2,
    epochs=2,
    batch_size=8,
    learning_rate=1e-3,
    keep="last",
    augment=Augmentation(rotation_degrees=5),
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("weights")
    keras.utils.set_random_seed(1)
    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    base.save_weights(folder / "mine.weights.h5")
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("prepared"))


class Trained:
    """One training, and what it said."""

    def __init__(self, weights: Path, prepared: Path, cache: Path, plan: TrainPlan = PLAN) -> None:
        self.said: list[str] = []
        self.told: list[Epoch] = []
        self.network: Network = build_network(plan, 2, weights)
        self.before: list[Any] = self.network.trunk().get_weights()
        bench = Bench(cache, None, self.said.append)
        self.epochs = fit_network(self.network, prepared, plan, bench, self.told.append)

    def answers(self) -> Any:
        pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
        return self.network.model.predict(pixels, verbose=0)


def test_the_tail_learns_and_the_trunk_stays_as_it_was(weights: Path, prepared: Path, tmp_path: Path) -> None:
    trained = Trained(weights, prepared, tmp_path)

    after = trained.network.trunk().get_weights()
    assert all(np.array_equal(one, other) for one, other in zip(trained.before, after, strict=True))
    assert trained.epochs == trained.told
    assert [(epoch.number, epoch.of) for epoch in trained.epochs] == [(1, 3), (2, 3), (3, 3)]
    assert trained.answers().sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_other_params_of_the_last_layer_take_the_tail_from_before(
    weights: Path, prepared: Path, tmp_path: Path
) -> None:
    first = Trained(weights, prepared, tmp_path)
    second = Trained(weights, prepared, tmp_path, PLAN.model_copy(update={"dropout": 0.6, "label_smoothing": 0.2}))

    assert sum("through the frozen trunk" in line for line in first.said) == 2
    assert not any("through the frozen trunk" in line for line in second.said)
    assert any("tail is that of an earlier training" in line for line in second.said)
    assert second.epochs[:2] == first.epochs[:2]
    assert not np.array_equal(first.answers(), second.answers())


def test_another_learning_rate_takes_the_activations_and_fits_the_tail_anew(
    weights: Path, prepared: Path, tmp_path: Path
) -> None:
    first = Trained(weights, prepared, tmp_path)
    second = Trained(weights, prepared, tmp_path, PLAN.model_copy(update={"learning_rate": 3e-3}))

    assert second.said == []
    assert second.epochs[1].loss != first.epochs[1].loss


@pytest.mark.parametrize("change", [{"views": 3}, {"seed": 8}, {"augment": Augmentation(zoom=0.5)}])
def test_other_views_go_through_the_trunk_again(
    weights: Path, prepared: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    Trained(weights, prepared, tmp_path)

    again = Trained(weights, prepared, tmp_path, PLAN.model_copy(update=change))

    # pictures of the validation split are seen plain, whatever the augmentation
    assert [line.split(":")[0] for line in again.said] == ["train"]


def test_the_same_training_twice_gives_the_same_model(weights: Path, prepared: Path, tmp_path: Path) -> None:
    once, again = (Trained(weights, prepared, tmp_path / name) for name in ("a", "b"))

    assert np.array_equal(once.answers(), again.answers())
    assert [epoch.loss for epoch in once.epochs] == [epoch.loss for epoch in again.epochs]


@pytest.mark.parametrize("finetune", ["head", "all"])
def test_less_or_more_of_the_network_learns(weights: Path, prepared: Path, tmp_path: Path, finetune: Finetune) -> None:
    plan = PLAN.model_copy(update={"finetune": finetune})

    trained = Trained(weights, prepared, tmp_path, plan)

    learned = {variable.path.split("/")[0] for variable in trained.network.learner().trainable_variables}
    assert "logits" in learned
    assert ("Conv1" in learned) == (finetune == "all")
    assert [epoch.number for epoch in trained.epochs] == [1, 2]

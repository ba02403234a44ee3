from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import TrainingError
from pipelines.models import build_network
from pipelines.training.batches import ChangedPictures
from pipelines.training.checkpoints import Checkpoint
from pipelines.training.epochs import Epoch
from pipelines.training.fitting import Held, fit_learner
from pipelines.training.params import Augmentation, TrainPlan
from tests.pipelines.training.colours import draw_colours

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import

PLAN = TrainPlan(
    image_size=32, epochs=4, batch_size=8, learning_rate=2e-3, dropout=0, augment=Augmentation(erasing=0), keep="last"
)
TRAIN, VALIDATION = draw_colours(32), draw_colours(8)
HELD = Held(VALIDATION.images, VALIDATION.labels)


def fit(
    plan: TrainPlan, on_epoch: Callable[[Epoch], None] = lambda _: None, checkpoint: Checkpoint | None = None
) -> tuple[Any, list[Epoch]]:
    learner = build_network(plan, 2, None).model
    return learner, fit_learner(learner, ChangedPictures(TRAIN, plan), HELD, plan, on_epoch, checkpoint)


def curve(epochs: list[Epoch]) -> list[tuple[float, ...]]:
    """Everything but the time."""
    return [(each.number, each.loss, each.accuracy, each.validation_loss, each.validation_accuracy) for each in epochs]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimizer_learns_and_every_epoch_is_told(optimizer: str) -> None:
    told: list[Epoch] = []

    learner, epochs = fit(TrainPlan.model_validate(PLAN.model_dump() | {"optimizer": optimizer}), told.append)

    assert epochs == told
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert epochs[-1].validation_loss < epochs[0].validation_loss
    rows = learner.predict(VALIDATION.images, verbose=0)
    assert rows.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)


def test_the_same_seed_gives_the_same_curve_and_another_seed_another() -> None:
    _, once = fit(PLAN)
    _, again = fit(PLAN)
    _, other = fit(PLAN.model_copy(update={"seed": 8}))

    assert curve(once) == curve(again)
    assert curve(once) != curve(other)


def test_a_training_that_dies_goes_on_with_the_same_curve(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"mixup": 0.4, "keep": "best"})
    whole, epochs = fit(plan)

    def die(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(plan, die, Checkpoint(tmp_path / "desk"))
    told: list[Epoch] = []
    resumed, both = fit(plan, told.append, Checkpoint(tmp_path / "desk"))

    assert curve(both) == curve(epochs)
    assert told == both
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_checkpoint_that_was_cut_short_is_as_none(tmp_path: Path) -> None:
    def die(epoch: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(PLAN, die, Checkpoint(tmp_path / "desk"))
    (file,) = (tmp_path / "desk").iterdir()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    _, epochs = fit(PLAN, checkpoint=Checkpoint(tmp_path / "desk"))

    assert curve(epochs) == curve(fit(PLAN)[1])


def test_the_best_epoch_remains_when_the_plan_says_so() -> None:
    # a rate that ruins what was learned
    plan = PLAN.model_copy(update={"keep": "best", "schedule": "constant", "learning_rate": 0.3, "epochs": 6})

    learner, epochs = fit(plan)

    rows = learner.predict(VALIDATION.images, verbose=0)
    loss = -np.log(np.maximum(rows[np.arange(8), VALIDATION.labels], 1e-30)).mean()
    assert loss == pytest.approx(min(epoch.validation_loss for epoch in epochs), rel=1e-3)


def test_patience_ends_a_training_early() -> None:
    plan = PLAN.model_copy(update={"patience": 1, "epochs": 30, "learning_rate": 0.5, "schedule": "constant"})

    _, epochs = fit(plan)

    assert len(epochs) < 30


def test_weights_that_are_no_numbers_stop_the_training() -> None:
    learner: Any = build_network(PLAN, 2, None).model
    learner.set_weights([np.full_like(weights, np.nan) for weights in learner.get_weights()])

    with pytest.raises(TrainingError, match="stopped being a number"):
        fit_learner(learner, ChangedPictures(TRAIN, PLAN), HELD, PLAN, lambda _: None)


def test_a_penalty_keeps_the_weights_smaller() -> None:
    def size(l2: float) -> float:
        learner, _ = fit(PLAN.model_copy(update={"l2": l2, "weight_decay": 0.0}))
        return float(sum(np.square(weights).sum() for weights in learner.get_weights() if weights.ndim > 1))

    assert size(0.1) < 0.9 * size(0.0)


def test_out_of_memory_proposes_half_the_batch() -> None:
    class Huge:
        labels = TRAIN.labels

        def draw(self, indices: object, epoch: int) -> np.ndarray[Any, Any]:
            raise MemoryError

    learner = build_network(PLAN, 2, None).model

    with pytest.raises(TrainingError, match=r"train\.batch_size=4"):
        fit_learner(learner, Huge(), HELD, PLAN, lambda _: None)

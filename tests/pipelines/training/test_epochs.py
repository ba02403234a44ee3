import math

import pytest

from pipelines.errors import TrainingError
from pipelines.training.epochs import Epoch, check_learning, find_best, find_kept, is_exhausted
from pipelines.training.params import TrainPlan

PLAN = TrainPlan(chance_epochs=3, learning_rate=0.01)


def epochs(*losses: float, accuracy: float = 0.9) -> list[Epoch]:
    """One epoch for each validation loss."""
    return [Epoch(number, 10, 0.5, accuracy, loss, accuracy, 0.0) for number, loss in enumerate(losses, start=1)]


def test_a_loss_that_is_no_number_stops_and_proposes_a_rate() -> None:
    with pytest.raises(TrainingError, match=r"in epoch 2\. Try --set train\.learning_rate=0\.001"):
        check_learning(epochs(1.0, math.nan), PLAN, majority=0.5)


def test_an_accuracy_at_chance_stops_after_the_epochs_that_params_grant() -> None:
    guessing = epochs(1.0, 1.0, 1.0, accuracy=0.5)

    check_learning(guessing[:2], PLAN, majority=0.5)
    with pytest.raises(TrainingError, match="above chance"):
        check_learning(guessing, PLAN, majority=0.5)


def test_a_majority_that_hardly_leaves_room_is_not_called_chance() -> None:
    check_learning(epochs(1.0, 1.0, 1.0, accuracy=0.985), PLAN, majority=0.96)


def test_nothing_is_stopped_for_chance_when_params_say_never() -> None:
    never = PLAN.model_copy(update={"chance_epochs": 0})

    check_learning(epochs(1.0, 1.0, 1.0, accuracy=0.5), never, majority=0.5)


def test_patience_ends_when_the_loss_has_not_fallen_for_so_long() -> None:
    assert not is_exhausted(epochs(3, 2, 1), patience=2)
    assert not is_exhausted(epochs(3, 1, 2), patience=2)
    assert is_exhausted(epochs(3, 1, 2, 1.5), patience=2)
    assert not is_exhausted(epochs(3, 1, 2, 1.5), patience=0)


def test_the_best_epoch_is_the_first_with_the_lowest_loss() -> None:
    assert find_best(epochs(3, 1, 2, 1)) == 1


def test_the_kept_epoch_is_what_the_plan_says() -> None:
    curve = epochs(3, 1, 2)

    assert find_kept(curve, TrainPlan(keep="best")).number == 2
    assert find_kept(curve, TrainPlan(keep="last")).number == 3
    assert find_kept(curve, TrainPlan(keep="best", finetune="tail")).number == 3

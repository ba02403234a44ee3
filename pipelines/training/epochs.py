"""One pass over the training pictures in figures, and when to stop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.errors import TrainingError
from pipelines.training.params import TrainPlan

BETTER_THAN_CHANCE: Final = 1.1
"""A training accuracy below so many times the largest class's share has learned nothing."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training pictures."""

    number: int
    """From 1."""
    of: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds_left: float
    learning_rate: float = 0.0
    """Of its last step."""


def check_learning(epochs: Sequence[Epoch], plan: TrainPlan, majority: float) -> None:
    """Raises TrainingError when the last epoch's loss is no number, or nothing was learned in `chance_epochs`.

    `majority` is the largest class's share of the training pictures: what guessing would reach.
    """
    last = epochs[-1]
    if not math.isfinite(last.loss) or not math.isfinite(last.validation_loss):
        raise TrainingError(
            f"Expected a finite loss in all {last.of} epochs, it stopped being a number in epoch {last.number}. "
            f"Try --set train.learning_rate={plan.learning_rate / 10:g}."
        )
    if not plan.chance_epochs or last.number != plan.chance_epochs:
        return
    best = max(max(epoch.accuracy, epoch.validation_accuracy) for epoch in epochs)
    if best < min(BETTER_THAN_CHANCE * majority, (1 + majority) / 2):
        raise TrainingError(
            f"Expected an accuracy above chance ({majority:.3f}) after {last.number} epochs, the best was {best:.3f}: "
            f"nothing is learned. Look at the pictures with `vigia data audit`, or try "
            f"--set train.learning_rate={plan.learning_rate / 10:g}."
        )


def is_exhausted(epochs: Sequence[Epoch], patience: int) -> bool:
    """True when the validation loss has not fallen below its lowest for `patience` epochs."""
    if not patience or len(epochs) <= patience:
        return False
    before = min(epoch.validation_loss for epoch in epochs[:-patience])
    return min(epoch.validation_loss for epoch in epochs[-patience:]) >= before


def find_best(epochs: Sequence[Epoch]) -> int:
    """Index of the epoch with the lowest validation loss, the first of equal ones."""
    return min(range(len(epochs)), key=lambda index: epochs[index].validation_loss)


def find_kept(epochs: Sequence[Epoch], plan: TrainPlan) -> Epoch:
    """The epoch whose weights remain. With a tail it is the last layer's own, which comes last."""
    return epochs[-1] if plan.keep == "last" or plan.finetune == "tail" else epochs[find_best(epochs)]

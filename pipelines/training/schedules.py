"""The learning rate of each step, as plain numbers."""

import math
from collections.abc import Sequence
from typing import Final

from pipelines.training.params import TrainPlan

LAST_SHARE: Final = 0.02
"""Of the highest rate, at the end of a cosine."""
STEPS_AT: Final = (0.5, 0.75)
"""Shares of the training after which `step` divides the rate by ten."""
PLATEAU_EPOCHS: Final = 3
"""Epochs without a lower validation loss after which `plateau` divides the rate by three."""


def learning_rate_at(step: int, steps: int, plan: TrainPlan, plateaus: int = 0) -> float:
    """Rate of step `step` (from 0) of `steps`: a linear warm-up from a tenth, then the schedule of the plan.

    The cosine is that of Loshchilov & Hutter (2017, arXiv:1608.03983) without restarts.
    """
    highest = plan.learning_rate
    rising = max(1, round(steps * plan.warmup)) if plan.warmup else 0
    if step < rising:
        return highest * (0.1 + 0.9 * step / rising)
    done = (step - rising) / max(1, steps - rising)
    match plan.schedule:
        case "cosine":
            return highest * (LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * done)) / 2)
        case "step":
            return highest * 0.1 ** sum(step / steps >= share for share in STEPS_AT)
        case "plateau":
            return float(highest / 3**plateaus)
        case _:
            return highest


def count_plateaus(losses: Sequence[float]) -> int:
    """How often so far the validation loss stayed above its lowest for PLATEAU_EPOCHS in a row."""
    lowest, waited, plateaus = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < lowest else waited + 1
        lowest = min(lowest, loss)
        if waited == PLATEAU_EPOCHS:
            plateaus, waited = plateaus + 1, 0
    return plateaus

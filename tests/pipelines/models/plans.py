"""Plans for tests: small, and with nothing to download."""

from typing import Any

from pipelines.training.params import TrainPlan


def make_plan(architecture: str, **values: Any) -> TrainPlan:
    known = {"weights": "none", "finetune": "all", "image_size": 32, "dropout": 0.2, "seed": 7}
    return TrainPlan.model_validate({"architecture": architecture} | known | values)

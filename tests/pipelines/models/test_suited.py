from typing import get_args

import pytest

from pipelines.models.suited import find_suited
from pipelines.training.params import Architecture, TrainParams, TrainPlan
from pipelines.training.plan import Situation, decide_plan

PHOTOGRAPHS = Situation(pictures=2000, drawn=False, found={})


@pytest.mark.parametrize("architecture", get_args(Architecture))
@pytest.mark.parametrize("pretrained", [True, False])
def test_what_suits_is_a_part_of_a_plan(architecture: Architecture, pretrained: bool) -> None:
    suited = find_suited(architecture, pretrained=pretrained)

    assert suited.keys() <= TrainPlan.model_fields.keys()
    TrainPlan.model_validate({"architecture": architecture} | suited)


def test_one_parameter_gives_the_predecessors_networks_the_size_they_were_made_for() -> None:
    plans = {
        name: decide_plan(TrainParams(architecture=name), PHOTOGRAPHS).plan
        for name in ("small_cnn", "regularised_cnn", "resnet50")
    }

    assert {name: plan.image_size for name, plan in plans.items()} == {
        "small_cnn": 100,
        "regularised_cnn": 64,
        "resnet50": 224,
    }
    assert plans["small_cnn"].weights == "none"
    assert (plans["resnet50"].weights, plans["resnet50"].dropout) == ("imagenet", 0.3)


def test_what_params_yaml_says_stays() -> None:
    plan = decide_plan(TrainParams(architecture="small_cnn", image_size=64, epochs=3), PHOTOGRAPHS).plan

    assert (plan.image_size, plan.epochs) == (64, 3)

"""dvc.yaml and the code agree: a stage runs again when, and only when, something it uses has changed."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from docs.make_stage_files import find_modules
from pipelines.params import load_params
from tests.tree import ROOT

DATA = {
    "prepare": {"data/raw/${item}"},
    "train": {"data/prepared/${item}"},
    "evaluate": {
        "data/prepared/${item}",
        "models/${item}/train/network.bin",
        "models/${item}/train/network.xml",
        "models/${item}/train/plan.json",
    },
    "export": {
        "data/prepared/${item}",
        "models/${item}/evaluate/calibration.json",
        "models/${item}/evaluate/reference.npz",
        "models/${item}/train/model.keras",
        "models/${item}/train/plan.json",
    },
}


@cache
def load_stages() -> Mapping[str, Any]:
    stages: Mapping[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return stages


@pytest.mark.parametrize("stage", DATA)
def test_a_stage_depends_on_its_data_and_on_exactly_the_modules_it_imports(stage: str) -> None:
    named = set(load_stages()[stage]["do"]["deps"])

    expected = DATA[stage] | find_modules(stage)

    assert sorted(named - expected) == [], "named, but the stage does not use it"
    assert sorted(expected - named) == [], "used by the stage, but not named"


@pytest.mark.parametrize("stage", DATA)
def test_a_stage_its_module_and_its_classifiers_share_names(stage: str) -> None:
    definition = load_stages()[stage]

    assert definition["foreach"] == "${datasets}"
    assert definition["do"]["cmd"].endswith(f"python -m pipelines.stages.{stage} ${{item}}")


@pytest.mark.parametrize("stage", DATA)
def test_a_stage_watches_params_that_are_there(stage: str) -> None:
    section = load_params(ROOT).classifier("cars").model_dump()
    for key in load_stages()[stage]["do"]["params"]:
        node: Any = section
        for part in key.removeprefix("classifiers.${item}.").split("."):
            node = node[part]


def test_without_a_dataset_only_the_survey_is_left() -> None:
    outside = [name for name, definition in load_stages().items() if "foreach" not in definition]

    assert outside == ["survey"]
    assert set(load_stages()) == {"survey", *DATA}

import pytest
from pydantic import ValidationError

from pipelines.stage_params import ClassifierParams
from pipelines.tuning.space import TuneParams, TuneRange, Value, apply_values, list_grid


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (TuneRange(low=0.001, high=0.1, log=True), [0.001, 0.1]),
        (TuneRange(low=0, high=0.5), [0, 0.5]),
        (TuneRange(low=2, high=8, step=2), [2, 4, 6, 8]),
        (["adam", "sgd"], ["adam", "sgd"]),
    ],
)
def test_a_grid_lists_the_values_of_a_key(domain: TuneRange | list[Value], expected: list[Value]) -> None:
    assert list_grid({"key": domain}, points=2)["key"] == expected


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"low": 1, "high": 1}, "low below high"),
        ({"low": 0, "high": 1, "log": True}, "low above 0"),
        ({"low": 1, "high": 9, "log": True, "step": 1}, "log or step"),
    ],
)
def test_a_range_that_cannot_be_searched_is_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TuneRange.model_validate(wrong)


def test_the_values_of_a_trial_take_their_places_and_leave_the_section_as_it_was() -> None:
    section = ClassifierParams().model_dump(mode="json")

    changed = apply_values(section, {"train.augment.flip": False, "train.epochs": 3})

    assert changed["train"]["augment"]["flip"] is False
    assert changed["train"]["epochs"] == 3
    assert section == ClassifierParams().model_dump(mode="json")


def test_the_shipped_space_names_keys_that_exist() -> None:
    section = ClassifierParams().model_dump(mode="json")

    for key, values in list_grid(TuneParams().space).items():
        for value in values:
            ClassifierParams.model_validate(apply_values(section, {key: value}))

from typing import Any

import pytest

from pipelines.errors import ParamsError
from pipelines.stage_params import ClassifierParams
from pipelines.tuning.searching import check_search, check_space, count_trials, describe_basis


def params(space: dict[str, Any], **train: Any) -> ClassifierParams:
    return ClassifierParams.model_validate({"train": train, "tune": {"space": space}})


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "Expected keys to try"),
        ({"train.epoch": [3]}, r"received train\.epoch: 3 \(train\.epoch: unknown key\)"),
        ({"train.epochs.more": [3]}, r"received train\.epochs\.more: 3 \(unknown key\)"),
        ({"train.optimizer": ["adam", "lion"]}, r"received train\.optimizer: 'lion'"),
        ({"train.learning_rate": {"low": 0.1, "high": 5}}, r"received train\.learning_rate: 5"),
        ({"train.batch_size": {"low": 8, "high": 64}}, r"received train\.batch_size: 28\.8.* step: 1"),
        ({"prepare.max_side": [64, 128]}, r"keys of the section train.*received prepare\.max_side"),
    ],
)
def test_a_space_that_cannot_be_tried_is_refused_before_anything_runs(space: dict[str, Any], words: str) -> None:
    with pytest.raises(ParamsError, match=words):
        check_space(params(space))


def test_ranges_and_lists_within_their_bounds_pass() -> None:
    check_space(
        params(
            {
                "train.epochs": {"low": 2, "high": 8, "step": 2},
                "train.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
                "train.augment.flip": [True, False],
                "train.dropout": {"low": 0, "high": 0.5},
            }
        )
    )


def test_an_unknown_search_is_answered_with_those_there_are() -> None:
    assert check_search("grid") == "grid"
    with pytest.raises(ParamsError, match=r"grid, random, tpe, received 'bayes'"):
        check_search("bayes")


def test_what_trials_have_in_common_is_all_but_the_tried_values() -> None:
    space = {"train.dropout": [0.1, 0.2]}
    basis = describe_basis(params(space, epochs=3), "md5")

    assert basis == describe_basis(params(space, epochs=3, dropout=0.2), "md5")  # as --apply leaves it
    assert basis != describe_basis(params(space, epochs=4), "md5")
    assert basis != describe_basis(params({"train.dropout": [0.1]}, epochs=3), "md5")
    assert basis != describe_basis(params(space, epochs=3), "another")


def test_a_grid_has_no_more_trials_than_combinations() -> None:
    tune = params({"train.dropout": [0.1, 0.2], "train.l2": [0, 1, 2]}).tune

    assert count_trials(tune, "grid", 50) == 6
    assert count_trials(tune, "grid", 4) == 4
    assert count_trials(tune, "random", 50) == 50
    assert count_trials(tune, "random", None) == tune.trials

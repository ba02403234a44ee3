from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from pipelines.errors import ParamsError, TrainingError
from pipelines.tuning.space import TuneParams, TuneRange, Value
from pipelines.tuning.study import TrialResult, TuneOutcome, list_results, open_study, search_params

SPACE = TuneParams(space={"train.dropout": TuneRange(low=0, high=1), "train.optimiser": ["adam", "sgd"]})


@pytest.fixture
def database(tmp_path: Path) -> URL:
    return URL.create("sqlite", database=str(tmp_path / "tuning.db"))


def near_a_third(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
    """Best at a dropout of a third; what optimises matters little."""
    accuracy = 1 - abs(float(values["train.dropout"]) - 1 / 3) - (0.01 if values["train.optimiser"] == "sgd" else 0)
    for epoch in (1, 2, 3):
        listen(epoch, accuracy * epoch / 3)
    return accuracy


def search(database: URL, trials: int, run: object = near_a_third, params: TuneParams = SPACE) -> list[TrialResult]:
    told: list[TrialResult] = []
    search_params(open_study(database, "cars", params, params.search), params, trials, run, told.append)  # type: ignore[arg-type]
    return told


def read(database: URL, params: TuneParams = SPACE) -> TuneOutcome:
    return search_params(open_study(database, "cars", params, params.search), params, 1, near_a_third, lambda _: None)


def test_a_search_finds_what_is_best_and_what_matters(database: URL) -> None:
    told = search(database, 25, params=SPACE.model_copy(update={"prune": False}))

    outcome = read(database)
    assert len(told) == outcome.trials == 25
    assert outcome.best_params["train.dropout"] == pytest.approx(1 / 3, abs=0.12)
    assert outcome.best_value == max(trial.value or 0 for trial in told)
    assert outcome.importance["train.dropout"] > outcome.importance["train.optimiser"]


def test_a_study_goes_on_where_it_ended(database: URL) -> None:
    first, second = search(database, 3), search(database, 5)

    assert [trial.number for trial in first] == [0, 1, 2]
    assert [trial.number for trial in second] == [3, 4]


def test_a_study_that_has_its_trials_runs_no_more(database: URL) -> None:
    search(database, 3)

    assert search(database, 3) == []


def test_a_trial_below_the_median_of_the_others_is_stopped_early(database: URL) -> None:
    scores = iter([0.9] * 6 + [0.1])
    asked: list[int] = []

    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        score = next(scores)
        asked.append(0)
        for epoch in range(1, 6):
            listen(epoch, score)
            asked[-1] = epoch
        return score

    told = search(database, 7, run)

    assert told[-1].state == "pruned"
    assert told[-1].value is None
    assert asked == [5, 5, 5, 5, 5, 5, 0]


def test_a_trial_that_fails_is_told_with_its_words_and_the_search_goes_on(database: URL) -> None:
    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        if values["train.optimiser"] == "sgd":
            raise TrainingError("Expected a finite loss.")
        return near_a_third(values, listen)

    told = search(database, 4, run, SPACE.model_copy(update={"search": "grid", "space": {
        "train.dropout": [0.2, 0.3], "train.optimiser": ["adam", "sgd"]}}))  # fmt: skip

    assert sorted(trial.state for trial in told) == ["complete", "complete", "failed", "failed"]
    assert {trial.error for trial in told if trial.state == "failed"} == {"Expected a finite loss."}


def test_a_search_without_any_success_says_why(database: URL) -> None:
    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        raise TrainingError("Expected weights, found none.")

    with pytest.raises(TrainingError, match=r"none of 2 did\. Expected weights"):
        search(database, 2, run)


def test_a_grid_tries_every_combination_once(database: URL) -> None:
    params = SPACE.model_copy(
        update={"search": "grid", "space": {"train.dropout": [0.1, 0.2], "train.optimiser": ["a"]}}
    )

    told = search(database, 9, params=params)

    assert sorted(trial.values["train.dropout"] for trial in told) == [0.1, 0.2]


def test_random_tries_values_all_over_the_range(database: URL) -> None:
    params = SPACE.model_copy(update={"search": "random", "prune": False})

    told = search(database, 40, params=params)  # of 20 all lie on one side in one run of 600

    dropouts = sorted(float(trial.values["train.dropout"]) for trial in told)
    assert dropouts[0] < 0.3
    assert dropouts[-1] > 0.7
    assert len(set(dropouts)) == 40


def test_a_study_is_not_continued_on_anything_else_than_it_began_with(database: URL) -> None:
    began = {"dataset": "one", "train.epochs": "3"}
    open_study(database, "cars", SPACE, "tpe", began)

    open_study(database, "cars", SPACE, "tpe", began)
    with pytest.raises(ParamsError, match=r"train\.epochs was 3, is 9\. .*--study NAME"):
        open_study(database, "cars", SPACE, "tpe", {**began, "train.epochs": "9"})
    with pytest.raises(ParamsError, match=r"tune\.space\.train\.l2 was none, is 1"):
        open_study(database, "cars", SPACE, "tpe", {**began, "tune.space.train.l2": "1"})


def test_trials_that_optuna_fails_because_their_process_was_killed_are_made_up_for(database: URL) -> None:
    import optuna

    study = open_study(database, "cars", SPACE, "tpe")
    killed = study.ask()
    study.tell(killed, state=optuna.trial.TrialState.FAIL)

    told = search(database, 3)

    assert [trial.number for trial in told] == [1, 2, 3]
    assert read(database).trials == 3


def test_ended_trials_are_listed_with_their_words_once_they_are_old_enough(database: URL) -> None:
    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        if values["train.optimiser"] == "sgd":
            raise TrainingError("Expected a finite loss.")
        return near_a_third(values, listen)

    space = {"train.dropout": [0.2], "train.optimiser": ["adam", "sgd"]}
    told = search(database, 2, run, SPACE.model_copy(update={"search": "grid", "space": space}))
    study = open_study(database, "cars", SPACE, "tpe")

    assert list_results(study, timedelta(0)) == told
    assert list_results(study, timedelta(minutes=1)) == []

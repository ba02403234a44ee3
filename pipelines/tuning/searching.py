"""A whole search: the study of a classifier's dataset, trials in processes, a record in MLflow."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import ParamsError
from pipelines.params import load_params
from pipelines.settings import load_settings
from pipelines.stage_params import ClassifierParams
from pipelines.tracking import open_client
from pipelines.tuning.recording import SearchRecorder, draw_importance
from pipelines.tuning.space import Search, TuneParams, Value, apply_values, list_grid
from pipelines.tuning.study import TrialResult, TuneOutcome, open_study, search_params
from pipelines.tuning.trial import run_trial


def tune_classifier(
    workspace: Path,
    classifier: str,
    *,
    trials: int | None,
    search: str | None,
    study_name: str | None,
    told: Callable[[TrialResult], None],
) -> TuneOutcome:
    """Search until the study holds `trials` ended trials.

    Raises ParamsError for a space that names unknown keys or values, and what a trial or MLflow may raise.
    """
    settings = load_settings()
    params = load_params(workspace).classifier(classifier)
    method = check_search(search or params.tune.search)
    check_space(params)
    name = study_name or f"{classifier}-{read_dataset_version(workspace, classifier).md5[:8]}"
    database = settings.database_url or f"sqlite:///{settings.state / 'tuning.db'}"
    settings.state.mkdir(parents=True, exist_ok=True)
    recorder = SearchRecorder(open_client(settings), settings, classifier, name)
    section = params.model_dump(mode="json")

    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        return run_trial(workspace, classifier, apply_values(section, values), listen)

    def after(trial: TrialResult) -> None:
        recorder.record_trial(trial)
        told(trial)

    study = open_study(database, name, params.tune, method)
    outcome = search_params(study, params.tune, count_trials(params.tune, method, trials), run, after)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "importance.png"
        if outcome.importance:
            draw_importance(picture, outcome.importance)
        recorder.record_outcome(outcome, picture if outcome.importance else None)
    return outcome


def check_search(name: str) -> Search:
    """Raises ParamsError naming the ways to search."""
    for search in get_args(Search):
        if search == name:
            known: Search = search
            return known
    raise ParamsError(f"Expected a search of {', '.join(get_args(Search))}, received {name!r}.")


def check_space(params: ClassifierParams) -> None:
    """Raises ParamsError for a key that is none, or a value that the key cannot take."""
    section = params.model_dump(mode="json")
    if not params.tune.space:
        raise ParamsError("Expected keys to try in tune.space of params.yaml, found none. Add one.")
    for key, values in list_grid(params.tune.space, points=2).items():
        for value in values:
            try:
                ClassifierParams.model_validate(apply_values(section, {key: value}))
            except (ValueError, KeyError, TypeError) as error:
                raise ParamsError(
                    f"Expected tune.space to name keys of the classifier and values they can take, "
                    f"received {key}: {value!r}. Correct params.yaml."
                ) from error


def count_trials(params: TuneParams, search: Search, wanted: int | None) -> int:
    """A grid search has no more trials than combinations."""
    trials = wanted or params.trials
    if search != "grid":
        return trials
    combinations = 1
    for values in list_grid(params.space).values():
        combinations *= len(values)
    return min(trials, combinations)

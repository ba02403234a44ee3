"""A whole search: the study of a classifier's dataset, trials in processes, a record in MLflow."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

from filelock import FileLock
from pydantic import ValidationError

from pipelines.datasets.audit.findings import check_audit
from pipelines.datasets.checkout import check_dataset_unchanged, check_out_dataset
from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import ParamsError
from pipelines.params import describe_validation_error, load_params
from pipelines.reproduction import reproduce
from pipelines.settings import Settings, load_settings
from pipelines.stage_params import ClassifierParams
from pipelines.terminal import say
from pipelines.tracking import flatten_params, open_client
from pipelines.tuning.database import alone_in, database_errors, find_study_database
from pipelines.tuning.recording import SearchRecorder, draw_importance
from pipelines.tuning.space import Search, TuneParams, TuneRange, Value, apply_values, list_grid
from pipelines.tuning.study import TrialResult, TuneOutcome, list_results, open_study, search_params
from pipelines.tuning.trial import run_trial

TRIED: Final = "train"
"""Section whose keys may be tried: trials share the prepared pictures, and measure what was trained."""
SETTLED: Final = timedelta(minutes=1)
"""A trial that ended so long ago and has no run in MLflow was made by a process that died."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command asks for; None: what params.yaml says."""

    trials: int | None = None
    search: str | None = None
    study: str | None = None


def tune_classifier(
    workspace: Path, classifier: str, wanted: Wanted, told: Callable[[TrialResult], None]
) -> TuneOutcome:
    """Search until the study holds the trials that are wanted.

    Raises ParamsError for a space that names unknown keys or values, or a study that began with another one, and what
    the preparation of the pictures, a trial, the database or MLflow may raise.
    """
    settings = load_settings()
    params = load_params(workspace).classifier(classifier)
    method = check_search(wanted.search or params.tune.search)
    check_space(params)
    database = find_study_database(settings)
    client = open_client(settings)
    prepare_pictures(workspace, classifier, settings)
    dataset = read_dataset_version(workspace, classifier).md5
    name = wanted.study or f"{classifier}-{dataset[:8]}"
    section = params.model_dump(mode="json")

    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        return run_trial(workspace, classifier, apply_values(section, values), listen)

    with alone_in(database):
        study = open_study(database, name, params.tune, method, describe_basis(params, dataset))
        recorder = SearchRecorder(client, settings, classifier, name)

    def after(trial: TrialResult) -> None:
        told(trial)
        if not recorder.record([trial]):
            say("MLflow does not answer: the search goes on, and its trials are told later")

    try:
        with database_errors(database):
            recorder.record(list_results(study, SETTLED))
            outcome = search_params(study, params.tune, count_trials(params.tune, method, wanted.trials), run, after)
    except BaseException:
        recorder.break_off()
        raise
    _record_outcome(recorder, outcome)
    return outcome


def _record_outcome(recorder: SearchRecorder, outcome: TuneOutcome) -> None:
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "importance.png"
        if outcome.importance:
            draw_importance(picture, outcome.importance)
        recorder.record_outcome(outcome, picture if outcome.importance else None)


def prepare_pictures(workspace: Path, classifier: str, settings: Settings) -> None:
    """The pictures as a training would see them; processes that share a workspace wait for each other."""
    lock = settings.state / "locks" / f"tune-{classifier}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        check_out_dataset(workspace, classifier)
        check_dataset_unchanged(workspace, classifier)
        reproduce(workspace, classifier, say, stages=("prepare",))
    check_audit(workspace / "data" / "prepared" / classifier)


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
    for key, domain in params.tune.space.items():
        if not key.startswith(f"{TRIED}."):
            raise ParamsError(
                f"Expected keys of the section {TRIED} in tune.space, such as train.learning_rate, received {key}. "
                f"Correct params.yaml."
            )
        for value in _sample(domain):
            try:
                ClassifierParams.model_validate(apply_values(section, {key: value}))
            except (ValueError, KeyError, TypeError) as error:
                why = describe_validation_error(error) if isinstance(error, ValidationError) else "unknown key"
                whole = isinstance(domain, TuneRange) and domain.step is None and value not in (domain.low, domain.high)
                mend = "Give the range a step, such as step: 1" if whole else "Correct params.yaml"
                raise ParamsError(
                    f"Expected tune.space to name keys of the classifier and values they can take, "
                    f"received {key}: {value!r} ({why}). {mend}."
                ) from error


def describe_basis(params: ClassifierParams, dataset_md5: str) -> dict[str, str]:
    """What a study's trials have in common: the pictures, the space, and every other value of the section tried."""
    space = {f"tune.space.{key}": json.dumps(_plain(domain)) for key, domain in params.tune.space.items()}
    rest = {f"{TRIED}.{key}": value for key, value in flatten_params(params.train).items()}
    return {"dataset": dataset_md5, **space, **{key: rest[key] for key in rest if key not in params.tune.space}}


def _plain(domain: TuneRange | list[Value]) -> object:
    return domain if isinstance(domain, list) else domain.model_dump(exclude_none=True)


def _sample(domain: TuneRange | list[Value]) -> list[Value]:
    """Every value of a list; of a range its ends, and one that lies odd between them."""
    values = list_grid({"": domain}, points=2)[""]
    if isinstance(domain, list) or domain.step is not None:
        return values
    return [*values, domain.low + 0.3719 * (domain.high - domain.low)]


def count_trials(params: TuneParams, search: Search, wanted: int | None) -> int:
    """A grid search has no more trials than combinations."""
    trials = wanted or params.trials
    if search != "grid":
        return trials
    combinations = 1
    for values in list_grid(params.space).values():
        combinations *= len(values)
    return min(trials, combinations)

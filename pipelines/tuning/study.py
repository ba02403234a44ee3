"""A study: trials kept in a database, so that it can be continued, and shared by several processes or machines."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import TrainingError
from pipelines.tuning.space import Search, TuneParams, Value, list_grid, suggest

if TYPE_CHECKING:
    import optuna

SEED: Final = 7
FEWEST_BEFORE_PRUNING: Final = 4
HEARTBEAT_SECONDS: Final = 30

TrialRunner = Callable[[Mapping[str, Value], Callable[[int, float], None]], float]
"""Values and a listener for each epoch in; best validation accuracy out."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One trial that has ended, in words for people and MLflow."""

    number: int
    state: str
    """`complete`, `pruned` or `failed`."""
    value: float | None
    values: Mapping[str, Value]
    epochs: Mapping[int, float] = field(default_factory=dict)
    """Validation accuracy of each epoch that was told."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TuneOutcome:
    """What a study has found so far."""

    best_params: Mapping[str, Value]
    best_value: float
    """Validation accuracy."""
    trials: int
    """That ended, pruned and failed ones included."""
    importance: Mapping[str, float]
    """Share of each key in what the trials' values differ by (Hutter et al. 2014, fANOVA); empty with few trials."""


def open_study(database_url: str, name: str, params: TuneParams, search: Search) -> "optuna.Study":
    """The study of that name, made or continued. Raises TrainingError when the database refuses."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    median = optuna.pruners.MedianPruner(n_startup_trials=FEWEST_BEFORE_PRUNING, n_warmup_steps=1)
    try:
        return optuna.create_study(
            storage=_open_storage(database_url),
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            sampler=_build_sampler(params, search),
            pruner=median if params.prune else optuna.pruners.NopPruner(),
        )
    except SQLAlchemyError as error:
        raise TrainingError(
            f"Expected a database for the study at {database_url}. {str(error).splitlines()[0]}. "
            "Correct VIGIA_DATABASE_URL."
        ) from error


def search_params(
    study: "optuna.Study", params: TuneParams, trials: int, run: TrialRunner, told: Callable[[TrialResult], None]
) -> TuneOutcome:
    """Go on until the study holds `trials` ended ones, whoever ran them. Raises TrainingError when none succeeded."""
    import optuna

    last_error: str | None = None

    def objective(trial: "optuna.Trial") -> float:
        nonlocal last_error
        last_error = None
        values = suggest(trial, params.space)

        def listen(epoch: int, accuracy: float) -> None:
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            return run(values, listen)
        except TrainingError as error:
            last_error = str(error)
            raise

    def after(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        told(_describe(trial, last_error))
        if _count_ended(study) >= trials:
            study.stop()

    if _count_ended(study) < trials:
        study.optimize(objective, callbacks=[after], catch=(TrainingError,))
    return read_outcome(study, last_error)


def read_outcome(study: "optuna.Study", last_error: str | None = None) -> TuneOutcome:
    """The best so far."""
    import optuna

    complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        raise TrainingError(
            f"Expected a trial of {study.study_name} to succeed, none of {len(study.trials)} did. "
            f"{last_error or 'Look at them in MLflow.'}"
        )
    return TuneOutcome(study.best_params, float(study.best_value), _count_ended(study), _importance(study, complete))


def _open_storage(database_url: str) -> Any:
    import optuna

    with warnings.catch_warnings():
        # the heartbeat, by which a trial whose process was killed is marked as failed, is marked so since 2021
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            database_url, heartbeat_interval=HEARTBEAT_SECONDS, grace_period=4 * HEARTBEAT_SECONDS
        )


def _importance(study: "optuna.Study", complete: list[Any]) -> dict[str, float]:
    import optuna

    values = {trial.value for trial in complete}
    if len(complete) < FEWEST_BEFORE_PRUNING or len(values) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=SEED)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _count_ended(study: "optuna.Study") -> int:
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def _build_sampler(params: TuneParams, search: Search) -> Any:
    import optuna

    # no seed for random and tpe: processes that share a study must not try the same
    samplers: dict[Search, Callable[[], Any]] = {
        "grid": lambda: optuna.samplers.GridSampler(list_grid(params.space), seed=SEED),
        "random": lambda: optuna.samplers.RandomSampler(),
        "tpe": lambda: optuna.samplers.TPESampler(n_startup_trials=5, constant_liar=True),
    }
    with warnings.catch_warnings():
        # constant_liar, which keeps two processes from trying the same, is marked so since 2021
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return samplers[search]()


def _describe(trial: "optuna.trial.FrozenTrial", error: str | None) -> TrialResult:
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    state = states.get(trial.state.name, "failed")
    return TrialResult(
        number=trial.number,
        state=state,
        value=trial.value if state == "complete" else None,
        values=dict(trial.params),
        epochs=dict(trial.intermediate_values),
        error=error if state == "failed" else None,
    )

"""A study: trials kept in a database, so that it can be continued, and shared by several processes or machines."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import ParamsError, TrainingError
from pipelines.tuning.space import Search, TuneParams, Value, list_grid, suggest

if TYPE_CHECKING:
    import optuna
    from sqlalchemy import URL

SEED: Final = 7
FEWEST_BEFORE_PRUNING: Final = 4
HEARTBEAT_SECONDS: Final = 30
_ERROR: Final = "error"
_BASIS: Final = "basis"

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


def open_study(
    database: "URL", name: str, params: TuneParams, search: Search, basis: Mapping[str, str] | None = None
) -> "optuna.Study":
    """The study of that name, made or continued.

    `basis` is everything but the tried values that its trials follow from: a study is continued only on the same one,
    else its trials could not be compared. Raises ParamsError that names what differs.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    median = optuna.pruners.MedianPruner(n_startup_trials=FEWEST_BEFORE_PRUNING, n_warmup_steps=1)
    study = optuna.create_study(
        storage=_open_storage(database.render_as_string(hide_password=False)),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        sampler=_build_sampler(params, search),
        pruner=median if params.prune else optuna.pruners.NopPruner(),
    )
    if basis is not None:
        _check_basis(study, dict(basis))
    return study


def search_params(
    study: "optuna.Study", params: TuneParams, trials: int, run: TrialRunner, told: Callable[[TrialResult], None]
) -> TuneOutcome:
    """Go on until the study holds `trials` ended ones, whoever ran them. Raises TrainingError when none succeeded."""
    import optuna

    def objective(trial: "optuna.Trial") -> float:
        values = suggest(trial, params.space)

        def listen(epoch: int, accuracy: float) -> None:
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            return run(values, listen)
        except TrainingError as error:
            trial.set_user_attr(_ERROR, str(error))
            raise

    def after(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        told(_describe(trial))
        if _count_ended(study) >= trials:
            study.stop()

    if _count_ended(study) < trials:
        study.optimize(objective, callbacks=[after], catch=(TrainingError,))
    return read_outcome(study)


def list_results(study: "optuna.Study", older_than: timedelta) -> list[TrialResult]:
    """Trials that ended so long ago, whoever ran them."""
    latest = datetime.now(UTC).astimezone().replace(tzinfo=None) - older_than  # Optuna notes local time without a zone
    trials = [trial for trial in study.get_trials(deepcopy=False) if _is_ended(trial)]
    return [_describe(trial) for trial in trials if trial.datetime_complete and trial.datetime_complete <= latest]


def read_outcome(study: "optuna.Study") -> TuneOutcome:
    """The best so far."""
    import optuna

    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        errors = [trial.user_attrs[_ERROR] for trial in trials if _ERROR in trial.user_attrs]
        raise TrainingError(
            f"Expected a trial of {study.study_name} to succeed, none of {_count_ended(study)} did. "
            f"{errors[-1] if errors else 'Look at them in MLflow.'}"
        )
    return TuneOutcome(study.best_params, float(study.best_value), _count_ended(study), _importance(study, complete))


def _check_basis(study: "optuna.Study", basis: dict[str, str]) -> None:
    before: dict[str, str] | None = study.user_attrs.get(_BASIS)
    if before is None:
        study.set_user_attr(_BASIS, basis)
        return
    changed = [key for key in sorted({*before, *basis}) if before.get(key) != basis.get(key)]
    if changed:
        told = "; ".join(f"{key} was {before.get(key, 'none')}, is {basis.get(key, 'none')}" for key in changed)
        raise ParamsError(
            f"Expected what study {study.study_name} began with, received another: {told}. "
            f"Its trials could not be compared: begin a new one with --study NAME, or put params.yaml back."
        )


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
    return sum(map(_is_ended, study.get_trials(deepcopy=False)))


def _is_ended(trial: "optuna.trial.FrozenTrial") -> bool:
    """Also with an error, but not those that Optuna fails because their process was killed: these are made up for."""
    return bool(trial.state.is_finished()) and (trial.state.name != "FAIL" or _ERROR in trial.user_attrs)


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


def _describe(trial: "optuna.trial.FrozenTrial") -> TrialResult:
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    state = states.get(trial.state.name, "failed")
    return TrialResult(
        number=trial.number,
        state=state,
        value=trial.value if state == "complete" else None,
        values=dict(trial.params),
        epochs=dict(trial.intermediate_values),
        error=trial.user_attrs.get(_ERROR),
    )

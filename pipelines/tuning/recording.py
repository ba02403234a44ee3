"""A search in MLflow: one parent run, one child run a trial, and what mattered as a picture."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.errors import RegistryError
from pipelines.settings import Settings, is_listening
from pipelines.tracking import ensure_experiment
from pipelines.tuning.study import TrialResult, TuneOutcome

if TYPE_CHECKING:
    from mlflow import MlflowClient

_STUDY_TAG: Final = "vigia.study"
_PARENT_TAG: Final = "mlflow.parentRunId"
_TRIAL_TAG: Final = "vigia.trial.number"
_MOST_TRIALS: Final = 50_000
"""What MLflow gives at once."""
_STATUS: Final = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


class SearchRecorder:
    """Writes one search of one classifier; a continued study continues its parent run.

    While MLflow is away the search goes on, and its trials wait. Opening raises RegistryError when it is.
    """

    def __init__(self, client: "MlflowClient", settings: Settings, classifier: str, study: str) -> None:
        self._client = client
        self._study = study
        self._waiting: list[TrialResult] = []
        with self._mlflow_errors():
            self._experiment = ensure_experiment(client, settings, classifier)
            self.run_id = self._find_parent() or self._create_parent()
            self._recorded = self._list_recorded()

    def record(self, trials: Iterable[TrialResult]) -> bool:
        """A child run for each trial that has none yet; False while MLflow is away."""
        self._waiting += [trial for trial in trials if trial.number not in self._recorded]
        try:
            with self._mlflow_errors():
                while self._waiting:
                    self._record_trial(self._waiting[0])
                    self._recorded.add(self._waiting.pop(0).number)
        except RegistryError:
            return False
        return True

    def record_outcome(self, outcome: TuneOutcome, picture: Path | None) -> None:
        """Best value and params of the search so far, and its importance plot where there is one.

        Raises RegistryError when MLflow is away.
        """
        self.record([])
        with self._mlflow_errors():
            self._client.log_metric(self.run_id, "best_validation_accuracy", outcome.best_value, step=outcome.trials)
            self._client.log_metric(self.run_id, "trials", outcome.trials, step=outcome.trials)
            self._client.log_dict(self.run_id, dict(outcome.best_params), "best_params.json")
            if picture is not None:
                self._client.log_artifact(self.run_id, str(picture))
            self._client.set_terminated(self.run_id, "FINISHED")

    def break_off(self) -> None:
        """The search was interrupted; MLflow is told where it answers."""
        with suppress(RegistryError), self._mlflow_errors():
            self._client.set_terminated(self.run_id, "KILLED")

    def _record_trial(self, trial: TrialResult) -> None:
        """A child run with the values tried and the curve of its epochs."""
        tags = {_PARENT_TAG: self.run_id, _TRIAL_TAG: str(trial.number), "vigia.trial.state": trial.state}
        name = f"{self._study}-trial-{trial.number}"
        run_id = str(self._client.create_run(self._experiment, run_name=name, tags=tags).info.run_id)
        for key, value in trial.values.items():
            self._client.log_param(run_id, key, value)
        for epoch, accuracy in sorted(trial.epochs.items()):
            self._client.log_metric(run_id, "validation_accuracy", accuracy, step=epoch)
        if trial.value is not None:
            self._client.log_metric(run_id, "best_validation_accuracy", trial.value)
        if trial.error:
            self._client.set_tag(run_id, "vigia.error", trial.error[:500])
        self._client.set_terminated(run_id, _STATUS[trial.state])

    def _find_parent(self) -> str | None:
        found = self._client.search_runs([self._experiment], f"tags.`{_STUDY_TAG}` = '{self._study}'", max_results=1)
        if not found:
            return None
        self._client.update_run(found[0].info.run_id, "RUNNING")
        return str(found[0].info.run_id)

    def _create_parent(self) -> str:
        tags = {_STUDY_TAG: self._study}
        return str(self._client.create_run(self._experiment, run_name=self._study, tags=tags).info.run_id)

    def _list_recorded(self) -> set[int]:
        children = f"tags.`{_PARENT_TAG}` = '{self.run_id}' and attributes.status != 'RUNNING'"
        found = self._client.search_runs([self._experiment], children, max_results=_MOST_TRIALS)
        return {int(run.data.tags[_TRIAL_TAG]) for run in found if _TRIAL_TAG in run.data.tags}

    @contextmanager
    def _mlflow_errors(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        uri = self._client.tracking_uri
        try:
            if uri.startswith("http") and not is_listening(uri):
                raise ConnectionError(f"nothing answers at {uri}")
            yield
        except (MlflowException, OSError) as error:  # OSError: what `requests` raises
            words = str(error).strip().splitlines()
            raise RegistryError(
                f"Expected MLflow to take the trials of {self._study}, {words[0][:200] if words else error!r}. The "
                f"study is kept: start MLflow again (`vigia up`) and repeat the command, no trial is made twice."
            ) from error


def draw_importance(file: Path, importance: Mapping[str, float]) -> None:
    """PNG: one bar a key, the most important one on top."""
    from matplotlib.figure import Figure

    ordered = sorted(importance.items(), key=lambda pair: pair[1])
    figure = Figure(figsize=(6, 1.2 + 0.4 * len(ordered)), layout="constrained")
    axes = figure.add_subplot(xlabel="share of the differences between trials", xlim=(0, 1))
    bars = axes.barh([key for key, _ in ordered], [share for _, share in ordered], color="#3b6ea5")
    axes.bar_label(bars, fmt="%.2f", padding=4)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)

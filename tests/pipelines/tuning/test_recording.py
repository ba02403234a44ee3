from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import RegistryError
from pipelines.settings import Settings
from pipelines.tracking import open_client
from pipelines.tuning.recording import SearchRecorder, draw_importance
from pipelines.tuning.study import TrialResult, TuneOutcome

pytestmark = pytest.mark.integration  # a real MLflow on its database file

BEST = TrialResult(0, "complete", 0.8, {"train.dropout": 0.1, "train.optimizer": "sgd"}, {1: 0.6, 2: 0.8})
PRUNED = TrialResult(1, "pruned", None, {"train.dropout": 0.9}, {1: 0.2})
FAILED = TrialResult(2, "failed", None, {"train.dropout": 0.5}, error="Expected a finite loss.")
OUTCOME = TuneOutcome(BEST.values, 0.8, 3, {"train.dropout": 0.9, "train.optimizer": 0.1})


def open_recorder(settings: Settings, study: str) -> SearchRecorder:
    return SearchRecorder(open_client(settings), settings, "recorded", study)


def children(settings: Settings, recorder: SearchRecorder) -> list[Any]:
    client = open_client(settings)
    experiment = client.get_run(recorder.run_id).info.experiment_id
    found = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{recorder.run_id}'")
    return sorted(found, key=lambda run: int(run.data.tags["vigia.trial.number"]))


def test_each_trial_is_one_child_run_with_its_values_and_curve(settings: Settings) -> None:
    recorder = open_recorder(settings, "one")

    assert recorder.record([BEST, PRUNED, FAILED])

    best, pruned, failed = children(settings, recorder)
    assert best.data.params == {"train.dropout": "0.1", "train.optimizer": "sgd"}
    assert best.data.metrics["best_validation_accuracy"] == 0.8
    curve = open_client(settings).get_metric_history(best.info.run_id, "validation_accuracy")
    assert [(point.step, point.value) for point in curve] == [(1, 0.6), (2, 0.8)]
    assert [run.info.status for run in (best, pruned, failed)] == ["FINISHED", "KILLED", "FAILED"]
    assert failed.data.tags["vigia.error"] == "Expected a finite loss."


def test_a_continued_study_goes_on_in_its_run_and_tells_what_a_killed_process_left_out(settings: Settings) -> None:
    first = open_recorder(settings, "continued")
    first.record([BEST])
    first.break_off()
    assert open_client(settings).get_run(first.run_id).info.status == "KILLED"

    second = open_recorder(settings, "continued")
    second.record([BEST, PRUNED])

    assert second.run_id == first.run_id
    assert len(children(settings, second)) == 2
    assert open_client(settings).get_run(first.run_id).info.status == "RUNNING"


def test_while_mlflow_is_away_trials_wait_and_none_is_lost(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = open_recorder(settings, "away")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("connection refused")

    with monkeypatch.context() as away:
        away.setattr(recorder._client, "create_run", refuse)
        away.setattr(recorder._client, "log_metric", refuse)
        assert not recorder.record([BEST])
        with pytest.raises(RegistryError, match=r"study is kept.*repeat the command"):
            recorder.record_outcome(OUTCOME, None)

    assert recorder.record([PRUNED])
    assert [run.data.tags["vigia.trial.number"] for run in children(settings, recorder)] == ["0", "1"]


def test_the_outcome_has_the_best_params_and_the_importance_as_a_picture(settings: Settings, tmp_path: Path) -> None:
    recorder = open_recorder(settings, "outcome")
    picture = tmp_path / "importance.png"
    draw_importance(picture, OUTCOME.importance)

    recorder.record_outcome(OUTCOME, picture)

    client = open_client(settings)
    run = client.get_run(recorder.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["trials"] == 3
    assert {item.path for item in client.list_artifacts(recorder.run_id)} == {"best_params.json", "importance.png"}

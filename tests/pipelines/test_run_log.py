from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.run_log import RunLog
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, open_client

pytestmark = pytest.mark.integration  # a real MLflow on its database file


class Line:
    """A connection that can be cut."""

    def __init__(self) -> None:
        self.up = True

    def __call__(self) -> bool:
        return self.up


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def log(settings: Settings, line: Line, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> RunLog:
    monkeypatch.setattr("pipelines.run_log.PAUSE_SECONDS", 0.0)
    client = open_client(settings)
    experiment = ensure_experiment(client, settings, f"log_{Path(request.node.name).name}")
    return RunLog(client, client.create_run(experiment).info.run_id, line)


def points(log: RunLog) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in log.client.get_metric_history(log.run_id, "loss")]


def test_a_point_is_there_at_once(log: RunLog) -> None:
    log.add(1, {"loss": 0.5})

    assert points(log) == [(1, 0.5)]


def test_what_was_said_while_mlflow_was_away_arrives_when_it_returns(log: RunLog, line: Line) -> None:
    log.add(1, {"loss": 0.5})
    line.up = False
    log.add(2, {"loss": 0.4})
    log.add(3, {"loss": 0.3})
    assert points(log) == [(1, 0.5)]

    line.up = True
    log.add(4, {"loss": 0.2})

    assert points(log) == [(1, 0.5), (2, 0.4), (3, 0.3), (4, 0.2)]


def test_a_server_that_answers_with_an_error_is_as_one_that_is_away(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    def refuse(*_: object, **__: object) -> None:
        raise MlflowException("503")

    with monkeypatch.context() as broken:
        broken.setattr(log.client, "log_batch", refuse)
        log.add(1, {"loss": 0.5})
    log.close()

    assert points(log) == [(1, 0.5)]


def test_the_end_of_a_run_that_cannot_be_told_is_an_error_that_says_the_model_is_kept(log: RunLog, line: Line) -> None:
    line.up = False
    log.add(1, {"loss": 0.5})

    with pytest.raises(RegistryError, match="model is kept"):
        log.close()

    line.up = True
    log.close()
    assert log.client.get_run(log.run_id).info.status == "FINISHED"
    assert points(log) == [(1, 0.5)]


def test_a_failed_training_ends_its_run_where_mlflow_answers_and_is_silent_where_not(log: RunLog, line: Line) -> None:
    line.up = False
    log.fail()
    assert log.client.get_run(log.run_id).info.status == "RUNNING"

    line.up = True
    log.fail()
    assert log.client.get_run(log.run_id).info.status == "FAILED"


def test_after_a_failure_some_time_passes_before_the_next_attempt(
    log: RunLog, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.run_log.PAUSE_SECONDS", 3600.0)
    line.up = False
    log.add(1, {"loss": 0.5})

    line.up = True
    log.add(2, {"loss": 0.4})

    assert points(log) == []
    log.close()
    assert points(log) == [(1, 0.5), (2, 0.4)]

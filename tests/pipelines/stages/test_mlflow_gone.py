"""A real MLflow server that is killed while a training runs against it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.settings import Settings, is_listening
from pipelines.stages import train as stage
from pipelines.stages.running import StagePaths
from pipelines.stages.train import draw_progress, train
from pipelines.tracking import open_client
from pipelines.training.epochs import Epoch
from tests.pipelines.stages.test_train import read_run
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


class Server:
    """MLflow on a port and a database file of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        store = f"sqlite:///{self._folder / 'mlflow.db'}"
        words = ("-m", "uvicorn", "mlflow.server.fastapi_app:app", "--host", "127.0.0.1", "--port", str(self.port))
        environment = {
            **os.environ,
            "_MLFLOW_SERVER_FILE_STORE": store,
            "_MLFLOW_SERVER_REGISTRY_STORE": store,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": str(self._folder / "artifacts"),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        self._process = subprocess.Popen(
            [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: is_listening(self.url), timeout_seconds=120, what="MLflow to listen")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def server(tmp_path: Path, paths: StagePaths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    server.start()
    yield server
    server.kill()


def read_curve(server: Server, paths: StagePaths) -> list[int]:
    settings = Settings(mlflow_tracking_uri=server.url)
    run = read_run(paths, settings)
    assert run.info.status == "FINISHED"
    return [point.step for point in open_client(settings).get_metric_history(run.info.run_id, "train_loss")]


def test_a_training_goes_on_without_mlflow_and_tells_the_whole_curve_when_it_returns(
    server: Server,
    paths: StagePaths,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def go_and_return(epoch: Epoch) -> str:
        if epoch.number == 2:
            server.kill()
        if epoch.number == 3:
            server.start()
        return draw_progress(epoch)

    monkeypatch.setattr(stage, "draw_progress", go_and_return)
    train(paths)

    assert read_curve(server, paths) == [1, 2, 3]


def test_a_training_whose_mlflow_stays_away_keeps_its_model_for_the_next_try(
    server: Server,
    paths: StagePaths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def go(epoch: Epoch) -> str:
        if epoch.number == 2:
            server.kill()
        return draw_progress(epoch)

    with monkeypatch.context() as going:
        going.setattr(stage, "draw_progress", go)
        with pytest.raises(RegistryError, match="model is kept"):
            train(paths)
    with pytest.raises(RegistryError, match="nothing answers there"):
        train(paths)
    server.start()
    train(paths)

    assert "its model is taken" in capsys.readouterr().err
    assert read_curve(server, paths) == [1, 2, 3]

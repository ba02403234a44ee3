"""A real MLflow server that a test or a measurement kills."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.health import ask
from deploy.ports import find_free_ports
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


class MlflowServer:
    """A real MLflow that hands artefacts out, in one process that can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = find_free_ports("127.0.0.1", 1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def tables(self) -> str:
        return f"sqlite:///{self._home / 'mlflow.db'}"

    def start(self, *, hold_after_bytes: int | None = None) -> None:
        """Returns when it answers; of a larger answer than that it never sends the rest."""
        environment = {
            **os.environ,
            "_MLFLOW_SERVER_FILE_STORE": self.tables,
            "_MLFLOW_SERVER_REGISTRY_STORE": self.tables,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(self._home / "served"),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        app = "mlflow.server.fastapi_app:app"
        if hold_after_bytes is not None:
            app = "tests.stream.models.holding_mlflow:app"
            environment |= {"HOLD_AFTER_BYTES": str(hold_after_bytes), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "uvicorn", app, "--log-level", "warning"]
        with (self._home / "registry.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self._port)], env=environment, stdout=log, stderr=log
            )
        wait_until(lambda: ask(f"{self.uri}/health", timeout_seconds=1).ready, timeout_seconds=180, what="the registry")

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

"""A clone with a home of its own, and commands typed in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.plan import run_folder
from pipelines.settings import Endpoints
from tests.waiting import wait_until

ROOT = Path(__file__).parents[1]
CODE = ("pipelines", "flows", "stream", "dashboard", "deploy", ".dvc")
FILES = ("vigia.py", "pyproject.toml", "params.yaml", "cameras.yaml", "dvc.yaml", ".gitignore", ".dvcignore")
FROM_OUTSIDE = ("VIGIA_KAFKA_BOOTSTRAP", "VIGIA_DATABASE_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL")


class Place:
    """A workspace like a fresh clone, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "clone"
        self.workspace.mkdir()
        left_out = shutil.ignore_patterns("__pycache__", "cache", "tmp", "config.local")
        for name in CODE:
            shutil.copytree(ROOT / name, self.workspace / name, ignore=left_out)
        for name in FILES:
            shutil.copy(ROOT / name, self.workspace)
        # dvc.yaml looks for the environment here first
        (self.workspace / ".venv").symlink_to(sys.prefix)
        subprocess.run(["git", "init", "--quiet"], cwd=self.workspace, check=True)
        self.state = folder / "home"
        inherited = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
        self.environment = {**inherited, "VIGIA_HOME": str(self.state), "VIGIA_PORTS": "auto"}

    def commit(self) -> None:
        """A first commit, as every clone has."""
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        for words in (("add", "--all"), (*identity, "commit", "--quiet", "-m", "start")):
            done = self.tool("git", *words)
            assert done.returncode == 0, done.stderr

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """`vigia WORDS`, running."""
        return subprocess.Popen(
            [sys.executable, "-m", "vigia", *words],
            cwd=self.workspace,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, timeout_seconds: float = 400) -> "subprocess.CompletedProcess[str]":
        """`vigia WORDS`, to its end."""
        return self._finish([sys.executable, "-m", "vigia", *words], timeout_seconds)

    def tool(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """`.venv/bin/NAME WORDS`, or git."""
        command = name if name == "git" else str(Path(sys.prefix) / "bin" / name)
        return self._finish([command, *words], 300)

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return document

    def wait_until_healthy(self) -> dict[str, Any]:
        def healthy() -> dict[str, Any] | None:
            status = self.status()
            return status if status["healthy"] else None

        return wait_until(healthy, timeout_seconds=300, what="every service to be healthy") or {}

    def endpoints(self) -> Endpoints:
        endpoints = Endpoints.load(self.state / "endpoints.json")
        assert endpoints
        return endpoints

    def supervisor(self) -> int:
        file = run_folder(self.state) / "supervisord.pid"
        # one that has just begun has made the file and not written to it
        return int(wait_until(file.read_text, timeout_seconds=60, what="the supervisor's pid") or 0)

    def keeper(self) -> int:
        return int((run_folder(self.state) / "keeper.pid").read_text())

    def _finish(self, command: list[str], timeout_seconds: float) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.workspace,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

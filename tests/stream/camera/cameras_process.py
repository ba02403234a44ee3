"""`vigia cameras` as a process, in a workspace of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stream.store import PredictionStore

ROOT = Path(__file__).parents[3]


class CamerasProcess:
    """Started as often as a test likes."""

    def __init__(self, workspace: Path, bootstrap: str) -> None:
        self.workspace = workspace
        self.store = PredictionStore(f"sqlite:///{workspace / 'home' / 'store' / 'vigia.db'}")
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "VIGIA_HOME": str(workspace / "home"),
            "VIGIA_KAFKA_BOOTSTRAP": bootstrap,
        }

    def start(self, *options: str, debug: bool = False) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vigia", "cameras", *options],
            cwd=self.workspace,
            env=self._environment | ({"VIGIA_DEBUG": "1"} if debug else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def camera(self, camera_id: str) -> dict[str, Any]:
        return {row["camera_id"]: row for row in self.store.read_cameras()}.get(camera_id, {})

    def heartbeat(self) -> dict[str, Any]:
        file = self.workspace / "home" / "cameras.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}


def write(workspace: Path, cameras: dict[str, dict[str, Any]]) -> None:
    """Its cameras.yaml, at once: the process would take half of a file for its end."""
    partial = workspace / "cameras.yaml.partial"
    partial.write_text(json.dumps({"cameras": cameras}))
    partial.replace(workspace / "cameras.yaml")

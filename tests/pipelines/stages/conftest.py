"""A workspace whose pictures are prepared: red and blue ones, which anything learns in seconds."""

import subprocess
from pathlib import Path

import pytest

from pipelines.settings import Settings
from pipelines.stages import train as stage
from pipelines.stages.running import StagePaths
from tests.pipelines.training.colours import write_colours

PARAMS = """
classifiers:
  colours:
    train: {image_size: 32, epochs: 3, batch_size: 8, dropout: 0, augment: {erasing: 0}}
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> StagePaths:
    """A workspace with prepared pictures, and a home of its own; its MLflow is the session's."""
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(settings.mlflow_tracking_uri))
    monkeypatch.delenv("VIGIA_WEIGHTS_DIR", raising=False)
    monkeypatch.setattr(stage, "check_audit", lambda _: None)
    workspace = tmp_path / "workspace"
    (workspace / "data" / "raw").mkdir(parents=True)
    (workspace / "params.yaml").write_text(PARAMS, encoding="utf-8")
    pointer = "outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  path: colours\n"
    (workspace / "data" / "raw" / "colours.dvc").write_text(pointer, encoding="utf-8")
    write_colours(workspace / "data" / "prepared" / "colours")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "--quiet"), ("add", "params.yaml"), (*identity, "commit", "--quiet", "-m", "start")):
        subprocess.run(["git", *words], cwd=workspace, check=True)
    return StagePaths(workspace, "colours")

"""`vigia trace` as it is typed, on a store with a million predictions."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from stream.store import PredictionStore
from tests.place import ROOT

PREDICTIONS = 1_000_000
MOST_CPU_SECONDS = 2.0
FILL = """
WITH RECURSIVE frames(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM frames WHERE i < :last)
INSERT INTO predictions (topic, partition, "offset", classifier, role, frame_id, camera_id, image_name, image_sha256,
  model_version, label, confidence, top, decision, captured_at, received_at, predicted_at, worker)
SELECT 'taller_camara_stream', i % 4, i / 4, 'cars', 'production', 'cam' || (i % 8) || '-' || i,
  'cam' || (i % 8), i || '.jpg', printf('%064x', i), 1, 'bmw', 0.9, '[["bmw", 0.9], ["audi", 0.1]]', 'known',
  datetime(1764000000 + i / 2, 'unixepoch') || '.000000', datetime(1764000000 + i / 2, 'unixepoch') || '.000000',
  datetime(1764000000 + i / 2, 'unixepoch') || '.040000', 'here/worker-1' FROM frames
"""
TABLES = (
    "CREATE TABLE model_versions (workspace TEXT, name TEXT, version INTEGER, run_id TEXT, creation_time BIGINT, "
    "current_stage TEXT, source TEXT, storage_location TEXT)",
    "CREATE TABLE model_version_tags (workspace TEXT, name TEXT, version INTEGER, key TEXT, value TEXT)",
    "CREATE TABLE registered_model_aliases (workspace TEXT, name TEXT, version INTEGER, alias TEXT)",
    "CREATE TABLE runs (run_uuid TEXT, name TEXT, experiment_id INTEGER, status TEXT, start_time BIGINT, "
    "end_time BIGINT, lifecycle_stage TEXT)",
    "CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT)",
    "CREATE TABLE latest_metrics (run_uuid TEXT, key TEXT, value FLOAT)",
    "CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT)",
    "INSERT INTO model_versions VALUES ('default', 'cars', 1, 'r1', 1764000000000, 'None', '/artefacts', NULL)",
    "INSERT INTO runs VALUES ('r1', 'cars-1', 1, 'FINISHED', 1764000000000, 1764000060000, 'active')",
)
"""What is read of MLflow's own; that it reads so is tests/pipelines/lookup/test_registry_tables.py."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace and its state: a store with a million predictions, a registry with one version."""
    home = tmp_path_factory.mktemp("trace")
    (home / "params.yaml").write_text("datasets: []\n")
    (home / ".dvc").mkdir()
    (home / "mlflow").mkdir()
    with create_engine(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}").begin() as connection:
        for statement in TABLES:
            connection.execute(text(statement))
    store = PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}")
    store.migrate()
    with store.engine.begin() as connection:
        connection.execute(text(FILL), {"last": PREDICTIONS - 1})
    return home


def run_trace(home: Path, *words: str) -> tuple["subprocess.CompletedProcess[str]", float]:
    """The command, and its CPU-seconds from the first to the last: a busy machine does not change those."""
    environment = {**os.environ, "VIGIA_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for name in ("VIGIA_DATABASE_URL", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "vigia", "trace", *words],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.integration
@pytest.mark.parametrize("frame_id", ["cam1-777777", "taller_camara_stream-3-249999"])
def test_one_frame_of_a_million_is_traced_within_two_seconds(home: Path, frame_id: str) -> None:
    done, cpu_seconds = run_trace(home, frame_id, "--json")

    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["model"]["version"] == 1
    assert cpu_seconds < MOST_CPU_SECONDS


@pytest.mark.integration
def test_a_version_with_a_million_predictions_is_counted_within_two_seconds(home: Path) -> None:
    done, cpu_seconds = run_trace(home, "--model", "cars", "1", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["served"]["predictions"] == PREDICTIONS
    assert cpu_seconds < MOST_CPU_SECONDS


@pytest.mark.integration
@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("nobody",), 1, "vigia dead-letters list"),
        (("--model", "cars", "9"), 1, "registered: 1), received 9"),
        (("cam1-777777", "--html", "nowhere/page.html"), 1, "Choose another file"),
        ((), 2, "FRAME_ID"),
        (("cam1-777777", "--model", "cars", "1"), 2, "not both"),
    ],
)
def test_bad_input_is_one_line(home: Path, words: tuple[str, ...], code: int, expected: str) -> None:
    done, _ = run_trace(home, *words)

    assert done.returncode == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""

"""`vigia trace` as it is typed, on a store with a million predictions."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from stream.store import PredictionStore
from tests.place import ROOT

PREDICTIONS = 1_000_000
FEW = 1000
FRAME_COSTS, VERSION_COSTS = 2.0, 4.0
"""Times what the same command takes on the small store, nearly all of which is its start; here 1.1 and 2.1. The whole
is under two seconds on an idle machine, and twice that on a busy one: seconds by themselves say too little."""
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
    return make_home(tmp_path_factory.mktemp("trace"), PREDICTIONS)


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with so few predictions that reading them all costs nothing beside the start of the command."""
    return make_home(tmp_path_factory.mktemp("small"), FEW)


def make_home(home: Path, predictions: int) -> Path:
    (home / "params.yaml").write_text("datasets: []\n")
    (home / ".dvc").mkdir()
    (home / "mlflow").mkdir()
    with create_engine(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}").begin() as connection:
        for statement in TABLES:
            connection.execute(text(statement))
    store = PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}")
    store.migrate()
    with store.engine.begin() as connection:
        connection.execute(text(FILL), {"last": predictions - 1})
    return home


def run_trace(home: Path, *words: str) -> tuple["subprocess.CompletedProcess[str]", float]:
    """The command, and its own CPU-seconds from the first to the last."""
    environment = {**os.environ, "VIGIA_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for name in ("VIGIA_DATABASE_URL", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "vigia", "trace", *words]
    out, err = home / "out", home / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=stdout, stderr=stderr)
    # of this child alone: others that earlier tests left may end meanwhile
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    done = subprocess.CompletedProcess(command, process.returncode, out.read_text(), err.read_text())
    return done, used.ru_utime + used.ru_stime


def least_cpu_seconds(home: Path, *words: str) -> tuple[dict[str, Any], float]:
    """What it says, and the best of three: a busy machine makes the same work take up to twice as long."""
    runs = [run_trace(home, *words) for _ in range(3)]
    for done, _ in runs:
        assert done.returncode == 0, done.stderr
    return json.loads(runs[0][0].stdout), min(seconds for _, seconds in runs)


@pytest.mark.integration
@pytest.mark.parametrize("frame_id", ["cam1-777777", "taller_camara_stream-3-249999"])
def test_one_frame_of_a_million_is_traced_for_what_one_of_a_few_costs(
    home: Path, small_home: Path, frame_id: str
) -> None:
    document, cpu_seconds = least_cpu_seconds(home, frame_id, "--json")
    _, of_few = least_cpu_seconds(small_home, "cam1-777", "--json")

    assert document["model"]["version"] == 1
    assert cpu_seconds < FRAME_COSTS * of_few


@pytest.mark.integration
def test_a_version_with_a_million_predictions_is_counted_for_a_few_starts_of_the_command(
    home: Path, small_home: Path
) -> None:
    document, cpu_seconds = least_cpu_seconds(home, "--model", "cars", "1", "--json")
    _, of_few = least_cpu_seconds(small_home, "--model", "cars", "1", "--json")

    assert document["served"]["predictions"] == PREDICTIONS
    assert cpu_seconds < VERSION_COSTS * of_few


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

"""kill -9 in the middle of each stage, and of `vigia train` itself; then once more, to the end."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.place import Place
from tests.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def kill_stage(place: Place, stage: str, is_half_done: Callable[[], bool]) -> None:
    """Run the chain by DVC; end the stage's process with SIGKILL once something of its work lies there."""
    command = [str(Path(sys.prefix) / "bin" / "dvc"), "repro", "evaluate@cars", "export@cars"]
    chain = subprocess.Popen(
        command,
        cwd=place.workspace,
        env=place.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(is_half_done, timeout_seconds=300, what=f"{stage} to be half done")
    for process in psutil.Process(chain.pid).children(recursive=True):
        if f"pipelines.stages.{stage}" in process.cmdline():
            process.kill()
    assert "exited with -9" in chain.communicate(timeout=60)[1]


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_chain_killed_in_every_stage_ends_as_one_whole_version(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.run("data", "sample", "cars", "--images", "120").returncode == 0
    place.commit()
    models = place.workspace / "models" / "cars"
    params = place.workspace / "params.yaml"
    params.write_text(params.read_text().replace("epochs: auto", "epochs: 3", 1))

    kill_stage(place, "prepare", (place.workspace / "data" / "prepared" / "cars.partial").exists)
    assert not (place.workspace / "data" / "prepared" / "cars").exists()
    kill_stage(place, "train", lambda: any((place.state / "training").glob("*/epoch.npz")))
    assert not (models / "train" / "model.keras").exists()
    kill_stage(place, "evaluate", (models / "evaluate" / "metrics.json").exists)

    training = place.start("train", "cars")
    wait_until((models / "export" / "model").exists, timeout_seconds=300, what="the export to be half done")
    children = psutil.Process(training.pid).children(recursive=True)
    training.kill()
    training.communicate(timeout=60)
    wait_until(lambda: not any(map(is_alive, children)), timeout_seconds=30, what="its processes to end with it")

    ended = place.run("train", "cars", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["model_version"] == 1
    assert len((models / "train" / "history.csv").read_text().splitlines()) == 1 + 3
    (version,) = json.loads(place.run("models", "cars", "--json").stdout)
    assert version["aliases"] in (["candidate"], ["production"])
    assert not list((place.workspace / "data").rglob("*.partial"))
    assert not list((place.state / "training").iterdir())

"""The main job as a newcomer runs it: `vigia demo --once`, with a worker killed in the middle, and what it leaves."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.processes import find_processes
from tests.place import Place
from tests.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def ask_prefect(method: str, url: str, body: Any = None) -> Any:
    """Its answer; while a training runs it may be busy, and then says 503."""

    def ask() -> httpx.Response | None:
        said = httpx.request(method, url, json=body, timeout=60)
        return None if said.status_code == 503 else said

    answer = wait_until(ask, timeout_seconds=120, what=f"Prefect's answer to {url}")
    assert answer is not None
    assert answer.is_success
    return answer.json()


@dataclass(frozen=True)
class Finished:
    """A demo that has run to its end."""

    place: Place
    summary: dict[str, Any]
    killed: int
    """Pid of the worker that was ended with SIGKILL while frames were coming."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    place = Place(tmp_path_factory.mktemp("demo"))
    place.commit()
    process = place.start("demo", "--once", "--json")
    beat = place.state / "workers" / "1.json"

    def serving() -> dict[str, Any] | None:
        assert process.poll() is None, process.communicate()
        worker: dict[str, Any] = json.loads(beat.read_text(encoding="utf-8")) if beat.exists() else {}
        return worker if worker.get("acknowledged", 0) >= 20 else None

    worker = wait_until(serving, timeout_seconds=600, what="the worker to answer frames")
    assert worker is not None
    os.kill(worker["pid"], signal.SIGKILL)
    output, words = process.communicate(timeout=600)
    assert process.returncode == 0, words
    return Finished(place, json.loads(output), worker["pid"])


@pytest.fixture(scope="module")
def stack(demo: Finished) -> Iterator[Place]:
    """The stack over what the demo left."""
    place = demo.place
    # a schedule that is switched on has runs after a minute at the latest; nobody learns more from waiting for it
    place.environment["PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS"] = "5"
    up = place.run("up", "--detach")
    assert up.returncode == 0, up.stderr
    yield place
    assert place.run("down").returncode == 0


def test_no_frame_is_lost_though_the_worker_was_killed(demo: Finished) -> None:
    summary = demo.summary

    assert summary["frames_sent"] == summary["predictions"] == 300
    assert summary["lost"] == summary["dead_letters"] == 0


def test_the_model_is_as_good_live_as_on_its_test_split(demo: Finished) -> None:
    assert demo.summary["model"]["accuracy"] > 0.9
    assert demo.summary["live_accuracy"] == pytest.approx(demo.summary["model"]["accuracy"], abs=0.05)


def test_the_summary_has_every_key_of_the_contract(demo: Finished) -> None:
    summary = demo.summary

    assert summary["classifier"] == "cars"
    assert summary["dataset"]["md5"].endswith(".dir")
    assert set(summary["latency_ms"]) == {"p50", "p95", "p99"}
    assert set(summary["seconds"]) == {"data", "train", "start", "serve"}
    assert set(summary["urls"]) == {"dashboard", "mlflow", "prefect"}
    assert summary["kafka"]["version"].startswith("4.3")


def test_nothing_runs_on_after_the_demo(demo: Finished) -> None:
    assert not list(find_processes(demo.place.state))
    assert demo.place.run("status").returncode == 1


def test_training_the_same_again_registers_nothing_new(demo: Finished) -> None:
    again = demo.place.run("train", "cars", "--json")
    assert again.returncode == 0, again.stderr

    outcome = json.loads(again.stdout)
    assert outcome["model_version"] == demo.summary["model"]["version"]
    versions = json.loads(demo.place.run("models", "cars", "--json").stdout)
    assert [row["aliases"] for row in versions] == [["production"]]
    assert versions[0]["dataset_md5"] == demo.summary["dataset"]["md5"]


def test_dvc_works_by_hand_at_the_root(demo: Finished) -> None:
    repro = demo.place.tool("dvc", "repro")
    assert repro.returncode == 0, repro.stderr
    assert "simpsons: skipped" in repro.stdout + repro.stderr
    assert "Stage 'train@cars' didn't change" in repro.stdout + repro.stderr

    metrics = json.loads(demo.place.tool("dvc", "metrics", "show", "--json").stdout)
    shown = metrics[""]["data"]["models/cars/evaluate/metrics.json"]["data"]
    assert shown["accuracy"] == demo.summary["model"]["accuracy"]
    assert demo.place.tool("dvc", "plots", "show").returncode == 0
    assert demo.place.tool("dvc", "metrics", "diff").returncode == 0


def test_mlflow_holds_curves_dataset_plots_and_a_model_that_keras_loads(stack: Place, demo: Finished) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(stack.endpoints().mlflow_url)
    version = client.get_model_version_by_alias("cars", "production")
    run = client.get_run(version.run_id)

    assert len(client.get_metric_history(run.info.run_id, "validation_accuracy")) == 12
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("cars", demo.summary["dataset"]["md5"])
    assert "evaluation/confusion.png" in {item.path for item in client.list_artifacts(run.info.run_id, "evaluation")}
    assert version.tags["vigia.git.commit"] == stack.tool("git", "rev-parse", "HEAD").stdout.strip()
    code = (
        "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]);"
        "print(mlflow.keras.load_model('models:/cars@production').output_shape)"
    )
    loaded = stack.tool("python", "-c", code, stack.endpoints().mlflow_url)
    assert "(None, 10)" in loaded.stdout, loaded.stderr


def test_a_training_started_from_the_prefect_page_runs_to_its_end(stack: Place) -> None:
    api = f"{stack.endpoints().prefect_url}/api"
    deployment = ask_prefect("GET", f"{api}/deployments/name/training/cars")
    assert [schedule["active"] for schedule in deployment["schedules"]] == [False]

    started = ask_prefect("POST", f"{api}/deployments/{deployment['id']}/create_flow_run", {})

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = ask_prefect("GET", f"{api}/flow_runs/{started['id']}")
        return run if run["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    run = wait_until(ended, timeout_seconds=600, what="the flow run to end") or {}
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert run["name"].startswith("cars-")
    keys = {each["key"] for each in ask_prefect("POST", f"{api}/artifacts/latest/filter", {})}
    assert {"cars-metrics", "cars-confusion", "cars-links"} <= keys


def test_a_schedule_that_is_switched_on_yields_runs_and_stays_on_when_the_server_restarts(stack: Place) -> None:
    """SQLAlchemy 2.1 once broke this silently while health stayed green."""
    api = f"{stack.endpoints().prefect_url}/api"
    deployment = ask_prefect("GET", f"{api}/deployments/name/training/cars")
    schedule = deployment["schedules"][0]["id"]
    address = f"{api}/deployments/{deployment['id']}/schedules/{schedule}"
    # Prefect answers 503 while its SQLite is being written by somebody else
    wait_until(
        lambda: httpx.patch(address, json={"active": True}, timeout=60).is_success,
        timeout_seconds=120,
        what="the switch",
    )

    def scheduled() -> list[Any]:
        wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        return list(ask_prefect("POST", f"{api}/flow_runs/filter", wanted))

    assert wait_until(scheduled, timeout_seconds=90, what="scheduled runs to appear")
    before = stack.status()["services"]["flows"]["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(
        lambda: stack.status()["healthy"] and stack.status()["services"]["flows"]["pid"] != before,
        timeout_seconds=240,
        what="flows to be back",
    )
    deployment = ask_prefect("GET", f"{api}/deployments/name/training/cars")
    assert [each["active"] for each in deployment["schedules"]] == [True]


def test_the_demo_leaves_the_users_own_cameras_alone(demo: Finished) -> None:
    assert demo.place.tool("git", "diff", "--quiet", "HEAD", "--", "cameras.yaml").returncode == 0
    assert Path(demo.place.workspace / "dvc.lock").exists()

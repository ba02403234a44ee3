"""The real one-machine stack: started, asked, hurt and stopped through its commands, in the order of this file."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.ports import is_free
from deploy.processes import find_processes
from tests.place import Place
from tests.waiting import wait_until

SERVICES = ["kafka", "mlflow", "prefect", "flows", "worker-1", "cameras", "dashboard"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("stack"))
    yield place
    place.run("down")


@pytest.fixture(scope="module")
def up(place: Place) -> Place:
    started = place.run("up", "--detach", "--json")
    assert started.returncode == 0, started.stderr
    document = json.loads(started.stdout)
    assert document["healthy"]
    assert set(document["urls"]) == {"dashboard", "mlflow", "prefect"}
    return place


def test_every_service_of_the_contract_runs_and_is_described(up: Place) -> None:
    asked = up.run("status", "--json")
    status = json.loads(asked.stdout)

    assert asked.returncode == 0
    assert status["healthy"] is True
    assert list(status["services"]) == SERVICES
    for name, service in status["services"].items():
        assert {"state", "pid", "url", "uptime_seconds", "restarts"} <= set(service)
        assert service["state"] == "running", name
        assert psutil.pid_exists(service["pid"])
    frames = wait_until(
        lambda: (now := up.status()["frames"]).get("equation") and now, timeout_seconds=60, what="frames"
    )
    assert frames["equation"] == "0 frames produced = 0 stored + 0 dead + 0 dropped + 0 in flight"
    worker = httpx.get(f"{status['services']['worker-1']['url']}/health", timeout=20)
    assert (worker.status_code, worker.json()["healthy"]) == (200, True)
    assert json.loads((up.state / "services.json").read_text())["services"].keys() == status["services"].keys()


def test_the_pages_answer_where_status_says(up: Place) -> None:
    for name, service in up.status()["services"].items():
        if name in ("dashboard", "mlflow", "prefect"):
            assert httpx.get(service["url"], follow_redirects=True, timeout=20).status_code == 200, name


def test_the_whole_stack_listens_on_the_loopback_alone(up: Place) -> None:
    listening = [
        connection.laddr.ip
        for process in find_processes(up.state)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_a_client_of_mlflows_address_and_one_of_its_database_find_the_same_model(up: Place, tmp_path: Path) -> None:
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts

    by_address, by_file = up.endpoints().mlflow_url, f"sqlite:///{up.state / 'mlflow' / 'mlflow.db'}"
    note = tmp_path / "note.txt"
    note.write_text("kept", encoding="utf-8")
    writer = MlflowClient(by_address)
    run = writer.create_run(writer.create_experiment("cars"))
    writer.log_artifact(run.info.run_id, str(note), "model")
    writer.create_registered_model("cars")
    version = writer.create_model_version("cars", f"runs:/{run.info.run_id}/model", run.info.run_id)
    writer.set_registered_model_alias("cars", "production", version.version)

    reader = MlflowClient(by_file)
    assert str(reader.get_model_version_by_alias("cars", "production").version) == str(version.version)
    for uri in (by_address, by_file):
        found = download_artifacts(
            run_id=run.info.run_id, artifact_path="model/note.txt", tracking_uri=uri, dst_path=str(tmp_path / uri[:6])
        )
        assert Path(found).read_text(encoding="utf-8") == "kept"
    writer.delete_registered_model("cars")


def test_prefects_scheduler_makes_runs(up: Place) -> None:
    with httpx.Client(base_url=f"{up.endpoints().prefect_url}/api", timeout=20) as api:
        flow = api.post("/flows/", json={"name": "heartbeat"}).json()
        schedule = {"active": True, "schedule": {"interval": 3600, "timezone": "UTC"}}
        deployment = api.post(
            "/deployments/", json={"name": "hourly", "flow_id": flow["id"], "schedules": [schedule]}
        ).json()
        only_this = {"deployments": {"id": {"any_": [deployment["id"]]}}}

        wait_until(
            lambda: api.post("/flow_runs/filter", json=only_this).json(),
            timeout_seconds=60,
            what="scheduled flow runs",
        )
        api.delete(f"/deployments/{deployment['id']}")


def test_a_second_stack_on_the_same_home_is_refused_in_one_line(up: Place) -> None:
    refused = up.run("up")

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: Expected no stack running")
    assert refused.stderr.count("\n") == 1


def test_logs_are_printed_and_an_unknown_service_is_answered(up: Place) -> None:
    assert "Kafka" in up.run("logs", "kafka").stdout
    unknown = up.run("logs", "kafak")
    assert unknown.returncode == 1
    assert "worker-1" in unknown.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_comes_back(up: Place, name: str) -> None:
    before = up.wait_until_healthy()["services"][name]

    os.kill(before["pid"], signal.SIGKILL)

    def returned() -> bool:
        status = up.status()
        return bool(status["healthy"] and status["services"][name]["pid"] != before["pid"])

    wait_until(returned, timeout_seconds=240, what=f"{name} to come back")
    assert up.status()["services"][name]["restarts"] == before["restarts"] + 1


def test_a_killed_supervisor_comes_back_and_no_service_notices(up: Place) -> None:
    before, supervisor = up.wait_until_healthy(), up.supervisor()

    os.kill(supervisor, signal.SIGKILL)

    wait_until(lambda: up.supervisor() != supervisor, timeout_seconds=90, what="a new supervisor")
    after = up.wait_until_healthy()
    assert {name: service["pid"] for name, service in after["services"].items()} == {
        name: service["pid"] for name, service in before["services"].items()
    }


def test_workers_are_added_and_stopped_while_the_stack_runs(up: Place) -> None:
    before = up.wait_until_healthy()["services"]

    grown = up.run("scale", "2", "--json")
    with_two = up.status()["services"]
    shrunk = up.run("scale", "1", "--json")

    assert grown.returncode == 0, grown.stderr
    assert json.loads(grown.stdout)["added"] == ["worker-2"]
    assert {name: with_two[name]["pid"] for name in before} == {name: before[name]["pid"] for name in before}
    assert with_two["worker-2"]["state"] == "running"
    assert json.loads(shrunk.stdout)["removed"] == ["worker-2"]
    assert "worker-2" not in up.status()["services"]


def test_after_a_power_cut_up_returns_when_the_services_are_healthy_again_and_not_because_they_were(up: Place) -> None:
    everything = [psutil.Process(up.keeper()), *find_processes(up.state)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=20)

    started = up.run("up", "--detach", "--json")

    assert started.returncode == 0, started.stderr
    before = {process.pid for process in everything}
    assert not before & {service["pid"] for service in json.loads(started.stdout)["services"].values()}
    up.wait_until_healthy()


def test_down_ends_everything_even_after_the_keeper_was_killed(up: Place) -> None:
    everything, ports = list(find_processes(up.state)), up.endpoints()
    os.kill(up.keeper(), signal.SIGKILL)
    up.wait_until_healthy()

    stopped = up.run("down")

    assert stopped.returncode == 0
    assert list(find_processes(up.state)) == []
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in everything)
    for port in (ports.dashboard_port, ports.mlflow_port, ports.prefect_port, ports.kafka_port):
        assert is_free(ports.host, port)
    assert not (up.state / "endpoints.json").exists()
    assert not (up.state / "services.json").exists()


def test_down_and_status_say_so_when_nothing_runs(place: Place) -> None:
    asked, stopped = place.run("status", "--json"), place.run("down")

    assert asked.returncode == 1
    assert json.loads(asked.stdout)["healthy"] is False
    assert stopped.returncode == 0
    assert "No stack was running" in stopped.stderr


def test_ctrl_c_stops_the_stack_in_the_foreground(place: Place) -> None:
    foreground = place.start("up", "--workers", "2")
    try:
        status = place.wait_until_healthy()
        assert {"worker-1", "worker-2"} <= set(status["services"])

        began = time.monotonic()
        foreground.send_signal(signal.SIGINT)
        _, said = foreground.communicate(timeout=40)
    finally:
        foreground.kill()

    assert foreground.returncode == 130
    assert "Everything has stopped." in said
    assert time.monotonic() - began < 40
    assert list(find_processes(place.state)) == []
    assert not (place.state / "endpoints.json").exists()

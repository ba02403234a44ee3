"""The container description says the same as the one-machine stack."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.plan import Service
from deploy.ports import CONTROLLER
from deploy.services import plan_services
from pipelines.settings import DEFAULT_PORTS, Endpoints, Settings
from stream.broker.properties import server_properties

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
PAGES = {"dashboard": 8501, "mlflow": 5000, "prefect": 4200}
OF_THE_PLACE = {"listeners", "advertised.listeners", "controller.quorum.bootstrap.servers", "log.dirs"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return document


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Service]:
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    ports = {**DEFAULT_PORTS, CONTROLLER: 19093}
    endpoints = Endpoints("127.0.0.1", ports["dashboard"], ports["mlflow"], ports["prefect"], ports["kafka"])
    services = plan_services(Settings(home=tmp_path), endpoints, ports, workers=1)
    return {service.name.removesuffix("-1"): service for service in services}


def words(command: str | list[str]) -> str:
    return command if isinstance(command, str) else " ".join(command)


def test_every_service_of_the_stack_is_there_and_postgres(compose: dict[str, Any], stack: dict[str, Service]) -> None:
    assert set(compose["services"]) == {*stack, "postgres"}


@pytest.mark.parametrize("name", ["flows", "worker", "cameras"])
def test_the_commands_are_those_of_the_stack(compose: dict[str, Any], stack: dict[str, Service], name: str) -> None:
    assert " ".join(["python", *stack[name].command[1:]]) in words(compose["services"][name]["command"])


@pytest.mark.parametrize("name", ["prefect", "dashboard"])
def test_the_servers_differ_from_the_stack_in_their_address_alone(
    compose: dict[str, Any], stack: dict[str, Service], name: str
) -> None:
    def normalise(command: list[str]) -> list[str]:
        line = " ".join(["python", *command[1:]]).replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound
        return re.sub(r"\S*/dashboard/app.py", "app.py", line).split()

    assert normalise(compose["services"][name]["command"]) == normalise(list(stack[name].command))


def test_the_broker_has_the_properties_of_the_embedded_one(compose: dict[str, Any]) -> None:
    told = compose["services"]["kafka"]["environment"]

    for line in server_properties(Path("/data")).splitlines():
        key, value = line.split("=", 1)
        if key not in OF_THE_PLACE:
            assert str(told[f"KAFKA_{key.upper().replace('.', '_')}"]) == value, key


@pytest.mark.parametrize("name", ["flows", "worker", "cameras", "dashboard"])
def test_the_settings_are_those_of_the_contract(compose: dict[str, Any], name: str) -> None:
    environment = compose["services"][name]["environment"]

    assert environment["VIGIA_KAFKA_BOOTSTRAP"] == "kafka:9092"
    assert environment["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert environment["PREFECT_API_URL"] == "http://prefect:4200/api"
    assert environment["VIGIA_DATABASE_URL"].startswith("postgresql+psycopg://")


def test_only_the_pages_are_published_and_only_on_the_loopback(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PAGES.items()}


def test_every_service_has_a_health_check_and_waits_for_healthy_ones(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
        for needed, how in service.get("depends_on", {}).items():
            assert needed in compose["services"]
            assert how == {"condition": "service_healthy"}


def test_every_named_volume_is_declared_and_used(compose: dict[str, Any]) -> None:
    mounts = [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])]

    assert {mount for mount in mounts if not mount.startswith(".")} == set(compose["volumes"])


def test_mlflow_answers_to_its_name_in_the_network(compose: dict[str, Any]) -> None:
    command = compose["services"]["mlflow"]["command"]

    assert any(part.startswith("--allowed-hosts=mlflow:5000") for part in command)
    assert "--workers=1" in command


def test_the_workers_can_be_replicated_with_slots_of_their_own(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]

    assert worker["deploy"]["replicas"] >= 1
    assert "container_name" not in worker
    assert "/etc/hostname" in words(worker["command"])


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    text = FILE.read_text(encoding="utf-8")
    from_outside = re.compile(r"\$\{POSTGRES_PASSWORD:\?[^}]*\}")

    assert from_outside.fullmatch(compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"])
    for credentials in re.findall(r"://([^\s/]*)@", from_outside.sub("OUTSIDE", text)):
        assert credentials == "vigia:OUTSIDE"


def test_no_container_runs_as_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert re.findall(r"^USER (\S+)", dockerfile, flags=re.MULTILINE)[-1] == "vigia"


def test_the_packages_are_installed_before_the_code_from_the_hashed_lock() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert "--require-hashes" in dockerfile
    assert dockerfile.index("COPY requirements.lock") < dockerfile.index("COPY pipelines")


def test_everything_that_the_image_copies_exists_and_reaches_the_builder() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_through = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE))

    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()
    }

    assert copied <= let_through
    assert all((ROOT / name).exists() for name in copied)


def test_docker_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker client with compose on this machine")
    answer = subprocess.run(
        [docker, "compose", "--file", str(FILE), "config", "--quiet"],
        capture_output=True,
        text=True,
        env={"POSTGRES_PASSWORD": "given-by-the-test", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr

from pathlib import Path

import pytest

from deploy.environment import stack_environment
from deploy.plan import Service, Stack, load_stack, plan_file, save_stack
from deploy.ports import CONTROLLER
from deploy.services import plan_services
from pipelines.settings import Endpoints, Settings

ENDPOINTS = Endpoints("127.0.0.1", 8501, 5000, 4200, 19092)
PORTS = {"dashboard": 8501, "mlflow": 5000, "prefect": 4200, "kafka": 19092, CONTROLLER: 19093}


def plan(settings: Settings, workers: int = 1) -> dict[str, Service]:
    return {service.name: service for service in plan_services(settings, ENDPOINTS, PORTS, workers=workers)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Settings(home=tmp_path / ".vigia")


def test_the_services_are_those_of_the_contract(settings: Settings) -> None:
    assert list(plan(settings, workers=2)) == [
        "kafka",
        "mlflow",
        "prefect",
        "flows",
        "worker-1",
        "worker-2",
        "cameras",
        "dashboard",
    ]


def test_each_worker_has_a_slot_of_its_own(settings: Settings) -> None:
    services = plan(settings, workers=3)

    slots = [services[f"worker-{number}"].environment["VIGIA_WORKER_SLOT"] for number in (1, 2, 3)]

    assert slots == ["1", "2", "3"]


def test_a_classifiers_own_workers_have_names_and_slots_that_no_other_has(settings: Settings) -> None:
    dedicated = [("cars", 2), ("simpsons", 1)]
    services = plan_services(settings, ENDPOINTS, PORTS, workers=2, dedicated=dedicated)

    workers = {service.name: service for service in services if service.name.startswith("worker-")}

    assert list(workers) == ["worker-1", "worker-2", "worker-cars-1", "worker-cars-2", "worker-simpsons-1"]
    assert workers["worker-cars-2"].command[-2:] == ("--classifier", "cars")
    slots = [service.environment["VIGIA_WORKER_SLOT"] for service in workers.values()]
    assert slots == ["1", "2", "101", "102", "201"]
    assert all(f"/{slot}.json" in service.ready for slot, service in zip(slots, workers.values(), strict=True))


@pytest.mark.parametrize(
    ("variable", "address", "service"),
    [
        ("kafka_bootstrap", "broker.example:9092", "kafka"),
        ("mlflow_tracking_uri", "http://models.example", "mlflow"),
        ("prefect_api_url", "http://flows.example/api", "prefect"),
    ],
)
def test_a_service_configured_by_its_address_is_not_started_and_not_waited_for(
    settings: Settings, variable: str, address: str, service: str
) -> None:
    configured = settings.model_copy(update={variable: address})

    services = plan(configured)

    assert service not in services
    assert all(service not in other.needs for other in services.values())
    assert address in stack_environment(configured, ENDPOINTS).values()


def test_every_server_listens_on_the_loopback_alone(settings: Settings) -> None:
    for service in plan(settings).values():
        assert "0.0.0.0" not in " ".join(service.command)  # noqa: S104 - looked for, not bound


def test_nobody_is_called_outside(settings: Settings) -> None:
    environment = stack_environment(settings, ENDPOINTS)

    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "--browser.gatherUsageStats=false" in plan(settings)["dashboard"].command


def test_the_variables_handed_to_mlflow_are_the_ones_it_reads() -> None:
    constants = pytest.importorskip("mlflow.server.constants", reason="MLflow is not installed")

    assert constants.BACKEND_STORE_URI_ENV_VAR == "_MLFLOW_SERVER_FILE_STORE"
    assert constants.REGISTRY_STORE_URI_ENV_VAR == "_MLFLOW_SERVER_REGISTRY_STORE"
    assert constants.ARTIFACT_ROOT_ENV_VAR == "_MLFLOW_SERVER_ARTIFACT_ROOT"


def test_the_plan_survives_the_disk(settings: Settings, tmp_path: Path) -> None:
    services = plan_services(settings, ENDPOINTS, PORTS, workers=1)
    stack = Stack(settings.state, tmp_path, "127.0.0.1", services)

    save_stack(stack)

    assert load_stack(plan_file(settings.state)) == stack
    assert load_stack(tmp_path / "none.json") is None

"""The services of the one-machine stack as data: what is started, in which order, and what shows that it is ready."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deploy.plan import Service, Stack
from deploy.ports import CONTROLLER
from pipelines.errors import StackError
from pipelines.settings import Endpoints, Settings

Dedicated = Sequence[tuple[str, int]]
"""Classifier, and how many workers answer for it alone."""
SELDOM = {
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1M",
    **{
        f"PREFECT_SERVER_SERVICES_{service}_LOOP_SECONDS": "60"
        for service in (
            "CANCELLATION_CLEANUP",
            "CLEANUP_RECONCILER",
            "FOREMAN",
            "LATE_RUNS",
            "PAUSE_EXPIRATIONS",
            "REPOSSESSOR",
        )
    },
}
"""Prefect's housekeeping for what the flows here do not use, once a minute instead of every few seconds. What makes the
runs of a schedule is none of it."""
DEDICATED_SLOTS = 100
"""Slots of the common workers lie below; each classifier's own follow in hundreds."""


def plan_services(
    settings: Settings, endpoints: Endpoints, ports: Mapping[str, int], *, workers: int, dedicated: Dedicated = ()
) -> tuple[Service, ...]:
    """Every service that this machine runs; those named by an address in the settings run elsewhere."""
    servers = []
    if not settings.kafka_bootstrap:
        servers.append(plan_kafka(settings, ports))
    if not settings.mlflow_tracking_uri:
        servers.append(plan_mlflow(settings, endpoints))
    if not settings.prefect_api_url:
        servers.append(plan_prefect(settings, endpoints.host, endpoints.prefect_port))
    here = {service.name for service in servers}
    return (*servers, *_plan_clients(settings, endpoints, here, workers, dedicated))


def plan_kafka(settings: Settings, ports: Mapping[str, int]) -> Service:
    from stream.broker.embedded import embedded_kafka_command

    command = embedded_kafka_command(settings.state, settings.host, ports["kafka"], ports[CONTROLLER])
    bootstrap = f"{settings.host}:{ports['kafka']}"
    return Service("kafka", tuple(command), f"kafka://{bootstrap}", ports["kafka"], bootstrap, is_server=True)


def plan_mlflow(settings: Settings, endpoints: Endpoints) -> Service:
    """MLflow's own application in one process.

    `mlflow server` would be a parent with a child that outlives it, and a second import of everything. The
    variables are the ones with which it hands the same choices to its child. The artifact root is a plain path
    and no proxy stands before it: a client of the address and one of the database file find the same artifacts.
    """
    return Service(
        "mlflow",
        _uvicorn("mlflow.server.fastapi_app:app", endpoints.host, endpoints.mlflow_port),
        f"{endpoints.mlflow_url}/health",
        endpoints.mlflow_port,
        endpoints.mlflow_url,
        environment={
            "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{settings.mlflow_database}",
            "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{settings.mlflow_database}",
            "_MLFLOW_SERVER_ARTIFACT_ROOT": str(settings.mlflow_artifacts),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        is_server=True,
    )


def plan_prefect(settings: Settings, host: str, port: int) -> Service:
    """Prefect's API, scheduler and page in one process, started as `prefect server start --background` does."""
    return Service(
        "prefect",
        (*_uvicorn("deploy.calm:create_prefect", host, port), "--factory"),
        f"http://{host}:{port}/api/health",
        port,
        f"http://{host}:{port}",
        environment={
            "PREFECT__SERVER_FINAL": "1",
            "PREFECT_SERVER_API_HOST": host,
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_SERVER_UI_API_URL": f"http://{host}:{port}/api",
            **SELDOM,
        },
        is_server=True,
    )


def _plan_clients(
    settings: Settings, endpoints: Endpoints, here: set[str], workers: int, dedicated: Dedicated
) -> list[Service]:
    def only_here(*names: str) -> tuple[str, ...]:
        return tuple(name for name in names if name in here)

    python, state = sys.executable, settings.state
    clients = [
        Service("flows", (python, "-m", "flows.serve"), f"heartbeat:{state / 'flows.json'}", needs=only_here("prefect"))
    ]
    needs = only_here("kafka", "mlflow")
    clients += [_plan_worker(state, f"worker-{slot}", slot, needs) for slot in range(1, workers + 1)]
    clients += [
        _plan_worker(state, f"worker-{classifier}-{number}", place * DEDICATED_SLOTS + number, needs, classifier)
        for place, (classifier, count) in enumerate(dedicated, start=1)
        for number in range(1, count + 1)
    ]
    clients.append(
        Service(
            "cameras",
            (python, "-m", "vigia", "cameras", "--stay"),
            f"heartbeat:{state / 'cameras.json'}",
            needs=only_here("kafka"),
            # a thread a camera: each would draw memory from an arena of its own
            environment={"MALLOC_ARENA_MAX": "2"},
        )
    )
    clients.append(_plan_dashboard(endpoints))
    return clients


def _plan_worker(state: Path, name: str, slot: int, needs: tuple[str, ...], classifier: str | None = None) -> Service:
    """One of the common group, or of a classifier's own."""
    return Service(
        name,
        (sys.executable, "-m", "vigia", "worker", *(("--classifier", classifier) if classifier else ())),
        f"heartbeat:{state / 'workers' / f'{slot}.json'}",
        needs=needs,
        environment={"VIGIA_WORKER_SLOT": str(slot)},
    )


def with_workers(stack: Stack, workers: int) -> Stack:
    """The same stack with that many workers of the common group; those that stay are left as they are.

    Raises StackError for a stack whose workers are all dedicated.
    """
    known = {service.name: service for service in stack.services}
    if "worker-1" not in known:
        raise StackError(
            "Expected a stack with common workers, this one has dedicated ones alone. "
            "Stop it, and start it with other numbers in `vigia up --dedicated`."
        )
    wanted = [
        known.get(f"worker-{slot}") or _with_slot(known["worker-1"], stack, slot) for slot in range(1, workers + 1)
    ]
    place = stack.names.index("worker-1")
    others = [service for service in stack.services if not is_common_worker(service.name)]
    return replace(stack, services=(*others[:place], *wanted, *others[place:]))


def _with_slot(worker: Service, stack: Stack, slot: int) -> Service:
    return replace(
        worker,
        name=f"worker-{slot}",
        ready=f"heartbeat:{stack.state / 'workers' / f'{slot}.json'}",
        environment={**worker.environment, "VIGIA_WORKER_SLOT": str(slot)},
    )


def is_common_worker(name: str) -> bool:
    """`worker-3` is one; `worker-cars-1`, which serves one classifier alone, is none."""
    return name.removeprefix("worker-").isdigit()


def _plan_dashboard(endpoints: Endpoints) -> Service:
    options = {
        "server.address": endpoints.host,
        "server.port": str(endpoints.dashboard_port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.serverAddress": endpoints.host,
        "browser.gatherUsageStats": "false",
    }
    page = Path(__file__).parent.parent / "dashboard" / "app.py"
    return Service(
        "dashboard",
        (
            sys.executable,
            "-m",
            "deploy.calm",
            "streamlit",
            "run",
            str(page),
            *(f"--{key}={value}" for key, value in options.items()),
        ),
        f"{endpoints.dashboard_url}/_stcore/health",
        endpoints.dashboard_port,
        endpoints.dashboard_url,
    )


def _uvicorn(app: str, host: str, port: int) -> tuple[str, ...]:
    command = (
        sys.executable,
        "-m",
        "deploy.calm",
        "uvicorn",
        app,
        "--host",
        host,
        "--port",
        str(port),
        "--log-level",
        "warning",
    )
    return (*command, "--timeout-graceful-shutdown", "3")

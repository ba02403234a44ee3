"""Ports of the one-machine stack: chosen, checked, and named with their owner when they are taken."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipelines.errors import StackError

if TYPE_CHECKING:  # the launcher of each service needs the checks alone, without pydantic
    from pipelines.settings import Endpoints, Settings

CONTROLLER = "kafka controller"
"""Kafka's second listener; nothing but Kafka itself talks to it."""


def choose_ports(settings: "Settings", last: "Endpoints | None") -> dict[str, int]:
    """Service -> port. With VIGIA_PORTS=auto those of the last start where they are still free, else free ones."""
    from pipelines.settings import DEFAULT_PORTS

    fixed = {**DEFAULT_PORTS, CONTROLLER: DEFAULT_PORTS["kafka"] + 1}
    if settings.ports == "default":
        return fixed
    known = _ports_of(last) if last and last.host == settings.host else {}
    kept = {name: port for name, port in known.items() if is_free(settings.host, port)}
    missing = [name for name in fixed if name not in kept]
    return {**kept, **dict(zip(missing, find_free_ports(settings.host, len(missing)), strict=True))}


def check_free(host: str, ports: Mapping[str, int]) -> None:
    """Raises StackError naming each taken port, its owner where the system tells it, and the mend."""
    taken = [
        f"{port} ({name}) is taken{describe_owner(port)}" for name, port in ports.items() if not is_free(host, port)
    ]
    if taken:
        raise StackError(
            f"Expected free ports on {host}. Port {'; port '.join(taken)}. "
            "Stop the other program, or set VIGIA_PORTS=auto and run again."
        )


def is_free(host: str, port: int) -> bool:
    """True when a server could listen there now; a port in TIME_WAIT is free."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def find_free_ports(host: str, count: int) -> list[int]:
    """Distinct free ports: all are held until the last one is found."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket(_family(host))) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [probe.getsockname()[1] for probe in probes]


def describe_owner(port: int) -> str:
    """` by NAME (pid N)`, or nothing where the system does not tell."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else ""
    except psutil.Error:  # another user's process, or a system that asks for more rights
        return ""
    return ""


def _ports_of(endpoints: "Endpoints") -> dict[str, int]:
    return {
        "dashboard": endpoints.dashboard_port,
        "mlflow": endpoints.mlflow_port,
        "prefect": endpoints.prefect_port,
        "kafka": endpoints.kafka_port,
    }


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

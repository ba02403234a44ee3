import socket
from collections.abc import Iterator

import pytest

from deploy.ports import CONTROLLER, check_free, choose_ports, find_free_ports, is_free
from pipelines.errors import StackError
from pipelines.settings import DEFAULT_PORTS, Endpoints, Settings

HOST = "127.0.0.1"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_the_default_ports_are_those_of_the_contract() -> None:
    ports = choose_ports(Settings(ports="default"), None)

    assert {name: ports[name] for name in DEFAULT_PORTS} == {
        "dashboard": 8501,
        "mlflow": 5000,
        "prefect": 4200,
        "kafka": 19092,
    }
    assert ports[CONTROLLER] not in DEFAULT_PORTS.values()


def test_automatic_ports_are_free_and_distinct() -> None:
    ports = choose_ports(Settings(ports="auto"), None)

    assert len(set(ports.values())) == len(ports) == len(DEFAULT_PORTS) + 1
    assert all(is_free(HOST, port) for port in ports.values())


def test_automatic_ports_of_the_last_start_are_kept_where_they_are_still_free(taken_port: int) -> None:
    free = find_free_ports(HOST, 3)
    last = Endpoints(HOST, dashboard_port=free[0], mlflow_port=taken_port, prefect_port=free[1], kafka_port=free[2])

    ports = choose_ports(Settings(ports="auto"), last)

    assert (ports["dashboard"], ports["prefect"], ports["kafka"]) == tuple(free)
    assert ports["mlflow"] != taken_port


def test_a_taken_port_is_named_with_its_owner_and_the_mend(taken_port: int) -> None:
    with pytest.raises(StackError, match=rf"Port {taken_port} \(mlflow\) is taken by .*VIGIA_PORTS=auto"):
        check_free(HOST, {"mlflow": taken_port, "prefect": find_free_ports(HOST, 1)[0]})


def test_every_taken_port_is_named_at_once(taken_port: int) -> None:
    with socket.create_server((HOST, 0)) as server:
        other = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"{taken_port} \(mlflow\).*{other} \(kafka\)"):
            check_free(HOST, {"mlflow": taken_port, "kafka": other})

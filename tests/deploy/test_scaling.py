"""More and fewer workers in a stack that runs, over small stand-in services."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from deploy.commands import read_dedicated
from deploy.keeper import lock_file
from deploy.plan import Service, Stack, load_stack, plan_file
from deploy.processes import find_processes
from deploy.records import load_record
from deploy.scaling import scale_workers
from deploy.services import with_workers
from deploy.stack import ask_stack, stop_stack
from pipelines.errors import StackError
from pipelines.settings import Settings
from tests.deploy.test_keeper import RunningStack, kill, stand_in
from tests.waiting import wait_until


def worker(state: Path, slot: int, command: tuple[str, ...] = ("python",)) -> Service:
    return Service(
        f"worker-{slot}",
        command,
        f"heartbeat:{state / 'workers' / f'{slot}.json'}",
        environment={"VIGIA_WORKER_SLOT": str(slot)},
    )


def test_workers_are_added_behind_the_first_and_others_stay_where_they_are(tmp_path: Path) -> None:
    kafka, dedicated = Service("kafka", ("java",), "kafka://x"), Service("worker-cars-1", ("python",), "heartbeat:/c")
    services = (kafka, worker(tmp_path, 1), dedicated, Service("cameras", ("python",), "heartbeat:/y"))
    stack = Stack(tmp_path, tmp_path, "127.0.0.1", services)

    grown = with_workers(stack, 3)

    assert grown.names == ("kafka", "worker-1", "worker-2", "worker-3", "worker-cars-1", "cameras")
    assert grown.service("worker-3") == worker(tmp_path, 3)
    assert with_workers(grown, 1) == stack


def test_dedicated_workers_alone_are_not_scaled(tmp_path: Path) -> None:
    stack = Stack(tmp_path, tmp_path, "127.0.0.1", (Service("worker-cars-1", ("python",), "heartbeat:/c"),))

    with pytest.raises(StackError, match="--dedicated"):
        with_workers(stack, 2)


@pytest.mark.parametrize(("words", "pair"), [("cars=2", ("cars", 2)), ("my_own2=64", ("my_own2", 64))])
def test_a_classifier_with_its_number_of_workers_is_read(words: str, pair: tuple[str, int]) -> None:
    assert read_dedicated(words) == pair


@pytest.mark.parametrize(
    "words", ["cars", "cars=", "cars=0", "cars=65", "cars=-1", "=2", "Cars=1", "cars=two", "a b=1"]
)
def test_anything_else_is_wrong_usage(words: str) -> None:
    with pytest.raises(typer.BadParameter, match="cars=2"):
        read_dedicated(words)


def test_a_stack_that_does_not_run_is_not_scaled(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="vigia up"):
        scale_workers(Settings(home=tmp_path), 2)
    assert not lock_file(tmp_path).exists()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningStack]:
    folder = tmp_path / "place"
    folder.mkdir()
    heartbeats = folder / ".vigia" / "workers"
    heartbeats.mkdir(parents=True)
    running = RunningStack(folder, worker(folder / ".vigia", 1, stand_in("work", heartbeats)))
    try:
        running.wait_until_healthy()
        yield running
    finally:
        stop_stack(running.settings)
        running.keeper.wait(60)


@pytest.mark.integration
def test_workers_come_and_go_and_no_other_service_notices(running: RunningStack) -> None:
    before = running.pids()

    grown = scale_workers(running.settings, 3)

    assert (grown.added, grown.removed) == (("worker-2", "worker-3"), ())
    assert grown.details == {"worker-1": "beating", "worker-2": "beating", "worker-3": "beating"}
    healths = ask_stack(running.settings)
    assert all(health.healthy for health in healths.values())
    assert {name: healths[name].pid for name in before} == before

    shrunk = scale_workers(running.settings, 1)

    assert (shrunk.added, shrunk.removed) == ((), ("worker-2", "worker-3"))
    healths = ask_stack(running.settings)
    assert {name: health.pid for name, health in healths.items()} == before
    assert load_record(running.state, "worker-3") is None


@pytest.mark.integration
def test_an_added_worker_is_kept_like_the_others_even_by_the_next_supervisor(running: RunningStack) -> None:
    scale_workers(running.settings, 2)
    supervisor = running.supervisor()
    kill(supervisor)
    wait_until(lambda: running.supervisor() != supervisor, timeout_seconds=120, what="a new supervisor")
    first = ask_stack(running.settings)["worker-2"].pid
    assert first
    # taken over, not started by this supervisor
    assert scale_workers(running.settings, 1).removed == ("worker-2",)
    assert not any(find_processes(running.state, "worker-2"))
    scale_workers(running.settings, 2)
    first = ask_stack(running.settings)["worker-2"].pid

    kill(first)

    def returned() -> bool:
        health = ask_stack(running.settings)["worker-2"]
        return health.healthy and health.pid != first

    wait_until(returned, timeout_seconds=120, what="worker-2 to come back")
    stack = load_stack(plan_file(running.state))
    assert stack
    assert "worker-2" in stack.names

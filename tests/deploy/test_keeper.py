"""The keeper, the supervisor and the launcher over small stand-in services."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from deploy.health import Health, survey
from deploy.keeper import HANG_SURVEYS, count_silence, hold_stack, is_kept, rotate
from deploy.plan import Service, Stack, log_file, run_folder
from deploy.ports import find_free_ports, is_free
from deploy.processes import find_processes
from deploy.records import CRASH_LOOP_STARTS
from deploy.stack import ask_stack, keeps_ending, stop_stack
from pipelines.errors import StackError
from pipelines.settings import Settings
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
STAND_IN = str(ROOT / "tests" / "deploy" / "stand_in.py")
WORKSPACE_WITH_SIGNS = "my #1 clone; 100% mine"


class RunningStack:
    """A keeper process over a web server, a heartbeat with a child of its own, and one that needs both."""

    def __init__(self, folder: Path, *more: Service) -> None:
        self.state = folder / ".vigia"
        self.settings = Settings(home=self.state)
        self.port = find_free_ports("127.0.0.1", 1)[0]
        url = f"http://127.0.0.1:{self.port}"
        services = (
            Service("web", stand_in("http", self.port), f"{url}/", self.port, url, is_server=True),
            Service("flows", stand_in("beat-with-child", folder / "flows.json"), f"heartbeat:{folder / 'flows.json'}"),
            Service(
                "late", stand_in("beat", folder / "late.json"), f"heartbeat:{folder / 'late.json'}", needs=("web",)
            ),
            *more,
        )
        self.stack = Stack(self.state, folder, "127.0.0.1", services)
        plan = folder / "plan.json"
        plan.write_text(json.dumps(asdict(self.stack), default=str), encoding="utf-8")
        self.keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.deploy.stand_in_stack", str(plan)], cwd=ROOT, stderr=subprocess.PIPE
        )

    def healths(self) -> dict[str, Health]:
        return survey(self.stack)

    def pids(self) -> dict[str, int | None]:
        return {name: health.pid for name, health in self.healths().items()}

    def wait_until_healthy(self) -> dict[str, Health]:
        def healthy() -> dict[str, Health] | None:
            assert self.keeper.poll() is None, f"keeper ended: {self.keeper.stderr and self.keeper.stderr.read()!r}"
            healths = self.healths()
            return healths if all(health.healthy for health in healths.values()) else None

        return wait_until(healthy, timeout_seconds=120, what="every service to be healthy") or {}

    def supervisor(self) -> int:
        file = run_folder(self.state) / "supervisord.pid"
        # one that has just begun has made the file and not written to it
        return int(wait_until(file.read_text, timeout_seconds=60, what="the supervisor's pid") or 0)

    def processes(self) -> list[psutil.Process]:
        return list(find_processes(self.state))


def stand_in(kind: str, argument: object) -> tuple[str, ...]:
    return (sys.executable, STAND_IN, kind, str(argument))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / WORKSPACE_WITH_SIGNS
    folder.mkdir()
    return folder


@pytest.fixture
def running(folder: Path) -> Iterator[RunningStack]:
    running = RunningStack(folder)
    try:
        running.wait_until_healthy()
        yield running
    finally:
        stop_stack(running.settings)
        running.keeper.wait(60)


@pytest.mark.integration
def test_a_killed_service_is_started_again_and_counted(running: RunningStack) -> None:
    before = running.healths()["web"]

    kill(before.pid)
    after = wait_until(
        lambda: (now := running.healths()["web"]).healthy and now.pid != before.pid and now,
        timeout_seconds=120,
        what="a new web process",
    )

    assert after
    assert after.restarts == 1
    assert running.keeper.poll() is None


@pytest.mark.integration
def test_a_killed_service_takes_its_children_with_it(running: RunningStack) -> None:
    children = [p for p in find_processes(running.state, "flows") if p.pid != running.pids()["flows"]]
    assert children

    kill(running.pids()["flows"])

    wait_until(lambda: not any(map(is_alive, children)), timeout_seconds=120, what="the old child to end")
    running.wait_until_healthy()


@pytest.mark.integration
def test_services_outlive_a_killed_supervisor_and_are_kept_by_the_next_one(running: RunningStack) -> None:
    supervisor, pids = running.supervisor(), running.pids()

    kill(supervisor)

    wait_until(lambda: running.supervisor() != supervisor, timeout_seconds=120, what="a new supervisor")
    wait_until(
        lambda: "taking over" in log_file(running.state, "late").read_text(), timeout_seconds=120, what="the take-over"
    )
    assert running.pids() == pids
    kill(pids["late"])
    after = wait_until(
        lambda: (now := running.healths()["late"]).healthy and now.pid != pids["late"] and now,
        timeout_seconds=120,
        what="the service that had been taken over to be started again",
    )
    assert after
    assert after.restarts == 1


@pytest.mark.integration
def test_a_stack_without_its_keeper_is_told_as_it_is_and_stopped_whole(running: RunningStack) -> None:
    kill(running.keeper.pid)
    running.keeper.wait(60)

    assert all(health.healthy for health in ask_stack(running.settings).values())
    assert stop_stack(running.settings)

    assert running.processes() == []
    assert is_free("127.0.0.1", running.port)
    assert ask_stack(running.settings) == {}


@pytest.mark.integration
def test_a_new_keeper_first_ends_what_a_killed_one_left(running: RunningStack, folder: Path) -> None:
    left = running.processes()
    kill(running.keeper.pid)
    running.keeper.wait(60)

    following = RunningStack(folder)
    try:
        following.wait_until_healthy()
        assert not any(map(is_alive, left))
        assert all(health.restarts == 0 for health in following.healths().values())
    finally:
        stop_stack(following.settings)
        following.keeper.wait(60)


@pytest.mark.integration
def test_sigterm_ends_everything_in_time(running: RunningStack) -> None:
    everything = running.processes()
    assert len(everything) == 5  # supervisor, three services, one child of a service

    running.keeper.send_signal(signal.SIGTERM)
    running.keeper.wait(60)

    assert not any(map(is_alive, everything))
    assert "with SIGKILL" not in log_file(running.state, "supervisord").read_text()
    assert is_free("127.0.0.1", running.port)
    assert not is_kept(running.state)


@pytest.mark.integration
def test_stopping_after_a_take_over_leaves_nothing(running: RunningStack) -> None:
    supervisor, everything = running.supervisor(), running.processes()
    kill(supervisor)
    wait_until(
        lambda: "taking over" in log_file(running.state, "web").read_text(), timeout_seconds=120, what="the take-over"
    )

    assert stop_stack(running.settings)

    assert not any(map(is_alive, everything))
    assert running.processes() == []


@pytest.mark.integration
def test_a_port_that_is_taken_later_is_named_and_not_tried_for_ever(folder: Path) -> None:
    taken = RunningStack(folder)
    try:
        taken.wait_until_healthy()
        again = Service("second", stand_in("http", taken.port), f"http://127.0.0.1:{taken.port}/", taken.port)
        other = folder / "other"
        other.mkdir()
        running = RunningStack(other, again)
        try:
            failed = wait_until(
                lambda: (now := running.healths()["second"]).state == "failed" and now,
                timeout_seconds=120,
                what="the service to be given up",
            )
            assert failed
            assert f"port {taken.port} is taken by python" in failed.detail
        finally:
            stop_stack(running.settings)
            running.keeper.wait(60)
    finally:
        stop_stack(taken.settings)
        taken.keeper.wait(60)


@pytest.mark.integration
def test_a_service_that_ends_at_once_says_so_and_its_log_tells_why(folder: Path) -> None:
    running = RunningStack(folder, Service("broken", stand_in("crash", "no model here"), "heartbeat:/nowhere"))
    try:
        wait_until(lambda: running.healths()["broken"].restarts >= 2, timeout_seconds=120, what="two restarts")
        assert "no model here" in log_file(running.state, "broken").read_text()
        wait_until(lambda: running.healths()["web"].healthy, timeout_seconds=120, what="the others to be healthy")
    finally:
        stop_stack(running.settings)
        running.keeper.wait(60)


def test_a_second_keeper_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with hold_stack(tmp_path), pytest.raises(StackError, match="found one"), hold_stack(tmp_path):
        pass
    assert not is_kept(tmp_path)


def test_stopping_where_nothing_runs_says_so(tmp_path: Path) -> None:
    assert stop_stack(Settings(home=tmp_path)) is False


def test_a_service_hangs_only_after_many_silent_surveys_in_a_row() -> None:
    silent: dict[str, int] = {}
    ill = {"worker-1": health("unhealthy")}

    for _ in range(HANG_SURVEYS - 1):
        assert count_silence(silent, ill) == []
    count_silence(silent, {"worker-1": health("running")})
    for _ in range(HANG_SURVEYS - 1):
        assert count_silence(silent, ill) == []

    assert count_silence(silent, ill) == ["worker-1"]
    assert count_silence(silent, ill) == []


def test_nobody_waits_for_a_new_stack_whose_service_ends_again_and_again() -> None:
    ending = replace(health("restarting"), restarts=CRASH_LOOP_STARTS)

    assert keeps_ending(ending)
    assert not keeps_ending(replace(ending, restarts=1))
    assert not keeps_ending(replace(ending, state="running", healthy=True))


def test_a_grown_log_is_emptied_and_its_two_predecessors_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        for text in (b"first" * 3, b"second" * 3, b"third" * 3):
            writer.write(text)
            writer.flush()
            rotate(log, limit_bytes=10)
        writer.write(b"small")

    assert log.read_bytes() == b"small"
    assert (tmp_path / "web.log.1").read_bytes() == b"third" * 3
    assert (tmp_path / "web.log.2").read_bytes() == b"second" * 3


def health(state: str) -> Health:
    return Health(state, 1, None, 1.0, 0, state == "running", "")

"""Which processes belong to a stack: the mark in their environment says it, never a name or a remembered pid."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

STACK_MARK = "VIGIA_STACK"
SERVICE_MARK = "VIGIA_STACK_SERVICE"


def belongs(pid: int, state: Path, service: str | None = None) -> bool:
    """True when the process runs and is part of the stack of this state folder, and of the service if one is named."""
    try:
        environment = psutil.Process(pid).environ()  # empty for a zombie
    except (psutil.Error, OSError):
        return False
    return _is_marked(environment, state, service)


def find_processes(state: Path, service: str | None = None) -> Iterator[psutil.Process]:
    """Every process of the stack, or of one service, this one excepted; children of children too."""
    for process in psutil.process_iter():
        if process.pid != os.getpid() and belongs(process.pid, state, service):
            yield process


def sweep(state: Path, service: str | None = None) -> int:
    """SIGKILL to every process of the stack, or of one service, until none is left. Returns how many it were."""
    ended = 0
    while processes := list(find_processes(state, service)):
        signal_all(processes, signal.SIGKILL)
        _wait_for_end(processes, state, 5.0)
        ended += len(processes)
    return ended


def stop_all(state: Path, *, grace_seconds: float) -> int:
    """End a whole stack in order: its supervisor ends the services, then whatever is left. Returns how many it were."""
    processes = list(find_processes(state))
    supervisors = [process for process in processes if not _has_service(process)]
    signal_all(supervisors or processes, signal.SIGTERM)
    _wait_for_end(supervisors or processes, state, grace_seconds)
    sweep(state)
    return len(processes)


def guard(pid: int, state: Path, service: str) -> None:
    """Stand in for the parent of a running process: pass SIGTERM on to its group, return when it has ended."""

    def pass_on(number: int, _frame: object) -> None:
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while belongs(pid, state, service):
        time.sleep(0.5)


def _is_marked(environment: dict[str, str], state: Path, service: str | None) -> bool:
    if environment.get(STACK_MARK) != str(state):
        return False
    return service is None or environment.get(SERVICE_MARK) == service


def signal_all(processes: Iterable[psutil.Process], number: int) -> None:
    """To each that still is."""
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _has_service(process: psutil.Process) -> bool:
    try:
        return SERVICE_MARK in process.environ()
    except (psutil.Error, OSError):
        return False


def _wait_for_end(processes: list[psutil.Process], state: Path, timeout_seconds: float) -> None:
    """Zombies have ended: the one who should reap them may be a container's idle first process."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and any(belongs(process.pid, state) for process in processes):
        time.sleep(0.1)

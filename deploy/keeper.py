"""The keeper: the process behind `vigia up`. It starts the supervisor, watches every service, and ends them all."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from deploy.health import Health, save_healths, survey
from deploy.plan import Stack, load_stack, log_file, plan_file, run_folder
from deploy.processes import stop_all
from deploy.shadow import follow_wish
from deploy.supervision import STOP_ALL_SECONDS, start_supervisor
from pipelines.errors import StackError

TURN_SECONDS = 0.25
SURVEY_SECONDS = 3.0
EAGER_SURVEY_SECONDS = 0.75
"""While a service is not healthy."""
RESTART_SECONDS = 2.0
"""At least so long between two starts of the supervisor."""
LOG_LIMIT_BYTES = 5_000_000
HANG_SURVEYS = 80
"""A service that is silent for so many surveys while its process lives is ended, so that it is started again."""


@dataclass
class Keeper:
    """Keeps one stack running until `stop` is set."""

    stack: Stack
    services_file: Path
    environment: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    _silent: dict[str, int] = field(default_factory=dict)

    def run(self, on_survey: Callable[[dict[str, Health]], None]) -> None:
        """Until `stop`: restarts the supervisor when it ends, calls `on_survey` with every survey."""
        supervisor = self._start_supervisor()
        survey_due = start_due = time.monotonic()
        try:
            while not self.stop.wait(TURN_SECONDS):
                if supervisor.poll() is not None and time.monotonic() >= start_due:
                    supervisor = self._start_supervisor()
                    start_due = time.monotonic() + RESTART_SECONDS
                if time.monotonic() >= survey_due:
                    healths = self.survey()
                    on_survey(healths)
                    calm = all(health.healthy for health in healths.values())
                    survey_due = time.monotonic() + (SURVEY_SECONDS if calm else EAGER_SURVEY_SECONDS)
        finally:
            self.end(supervisor)

    def survey(self) -> dict[str, Health]:
        """Ask every service, write the answers down, tend the logs, end what hangs."""
        self._follow_plan()
        healths = survey(self.stack)
        save_healths(self.services_file, healths)
        for name in self.stack.names:
            rotate(log_file(self.stack.state, name))
        for name in count_silence(self._silent, healths):
            end_process(healths[name].pid)
        return healths

    def _start_supervisor(self) -> "subprocess.Popen[bytes]":
        self._follow_plan()
        return start_supervisor(self.stack, self.environment)

    def _follow_plan(self) -> None:
        """`vigia scale` and `vigia challenge` change the plan of a running stack."""
        self.stack = follow_wish(load_stack(plan_file(self.stack.state)) or self.stack)

    def end(self, supervisor: "subprocess.Popen[bytes]") -> None:
        """Stop the supervisor, which stops the services; then whatever is left of the stack."""
        supervisor.terminate()
        try:
            supervisor.wait(STOP_ALL_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
        supervisor.wait()
        stop_all(self.stack.state, grace_seconds=0)


def count_silence(silent: dict[str, int], healths: Mapping[str, Health]) -> list[str]:
    """The services that hang; `silent` is updated. Counts surveys, not seconds: a machine that slept wakes late."""
    hanging = []
    for name, health in healths.items():
        silent[name] = silent.get(name, 0) + 1 if health.state == "unhealthy" else 0
        if silent[name] >= HANG_SURVEYS:
            silent[name] = 0
            hanging.append(name)
    return hanging


def end_process(pid: int | None) -> None:
    if pid is None:
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def rotate(file: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """Move a grown log's content to `.1` (the older `.1` to `.2`) and empty it; its writers append and never notice."""
    try:
        if file.stat().st_size <= limit_bytes:
            return
    except FileNotFoundError:
        return
    first, second = (file.with_name(f"{file.name}.{number}") for number in (1, 2))
    if first.exists():
        os.replace(first, second)
    with file.open("rb") as grown, first.open("wb") as copy:
        while block := grown.read(1 << 20):
            copy.write(block)
    os.truncate(file, 0)


def lock_file(state: Path) -> Path:
    """Held by the keeper as long as it lives."""
    return run_folder(state) / "keeper.lock"


def pid_file(state: Path) -> Path:
    return run_folder(state) / "keeper.pid"


@contextmanager
def hold_stack(state: Path) -> Iterator[None]:
    """Only one keeper a home. Processes left over from one that was killed are ended first."""
    try:
        run_folder(state).mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_file(state))
        lock.acquire(blocking=False)
    except Timeout:
        raise StackError(
            f"Expected no stack running in {state}, found one. See `vigia status`, or stop it with `vigia down`."
        ) from None
    except OSError as error:
        raise StackError(f"Expected to write in {state}. {error}. Free the disk or set VIGIA_HOME.") from error
    with lock:
        pid_file(state).write_text(str(os.getpid()), encoding="ascii")
        try:
            stop_all(state, grace_seconds=STOP_ALL_SECONDS)
            remove_traces(state)
            yield
        finally:
            remove_traces(state)
            pid_file(state).unlink(missing_ok=True)


def is_kept(state: Path) -> bool:
    """True while a keeper holds this home."""
    if not lock_file(state).exists():
        return False
    lock = FileLock(lock_file(state))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def remove_traces(state: Path) -> None:
    """The plan and the records of the services; logs and data stay."""
    plan_file(state).unlink(missing_ok=True)
    for pattern in ("*.json", "*.partial"):
        for file in run_folder(state).glob(pattern):
            file.unlink(missing_ok=True)

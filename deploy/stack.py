"""The one-machine stack as the commands see it: start it here or in the background, ask it, stop it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

from deploy.environment import home_environment, stack_environment
from deploy.health import Health, load_healths, survey
from deploy.keeper import Keeper, hold_stack, is_kept, pid_file, remove_traces
from deploy.plan import Stack, load_stack, log_file, logs_folder, plan_file, save_stack
from deploy.ports import CONTROLLER, check_free, choose_ports
from deploy.processes import stop_all
from deploy.records import CRASH_LOOP_STARTS
from deploy.services import Dedicated, plan_services
from deploy.supervision import STOP_ALL_SECONDS
from pipelines.errors import StackError
from pipelines.settings import Endpoints, Settings

READY_SECONDS = 180.0
LOG_LINES_SHOWN = 8

OnSurvey = Callable[[dict[str, Health]], None]


def run_stack(
    settings: Settings, workspace: Path, *, workers: int, dedicated: Dedicated = (), on_survey: OnSurvey
) -> signal.Signals:
    """Run the stack in this process until SIGINT, SIGTERM or SIGHUP, which is returned once everything has ended.

    Raises StackError when another one runs on this home or a port is taken, BrokerError when Kafka cannot be fetched.
    """
    last = Endpoints.load(settings.endpoints_file)
    with hold_stack(settings.state):
        endpoints, stack = plan_stack(settings, workspace, last, workers=workers, dedicated=dedicated)
        prepare_home(settings)
        endpoints.save(settings.endpoints_file)
        try:
            return keep_stack(stack, settings.services_file, stack_environment(settings, endpoints), on_survey)
        finally:
            remove_announcements(settings)


def keep_stack(
    stack: Stack, services_file: Path, environment: Mapping[str, str], on_survey: OnSurvey
) -> signal.Signals:
    """Run these services until a signal comes. The home must be held."""
    save_stack(stack)
    with _until_signal() as (stop, received):
        Keeper(stack, services_file, environment, stop).run(on_survey)
        return received[0]


def plan_stack(
    settings: Settings, workspace: Path, last: Endpoints | None, *, workers: int, dedicated: Dedicated = ()
) -> tuple[Endpoints, Stack]:
    """Addresses and services of a new stack. Raises StackError for a taken port."""
    ports = choose_ports(settings, last)
    endpoints = Endpoints(settings.host, ports["dashboard"], ports["mlflow"], ports["prefect"], ports["kafka"])
    services = plan_services(settings, endpoints, ports, workers=workers, dedicated=dedicated)
    wanted = {service.name: service.port for service in services if service.port}
    if "kafka" in wanted:
        wanted[CONTROLLER] = ports[CONTROLLER]
    check_free(settings.host, wanted)
    return endpoints, Stack(settings.state, workspace, settings.host, services)


def prepare_home(settings: Settings) -> None:
    """The folders of the services that do not make their own, and Kafka's jars and storage."""
    for folder in (settings.mlflow_artifacts, settings.state / "prefect", logs_folder(settings.state)):
        folder.mkdir(parents=True, exist_ok=True)
    if not settings.kafka_bootstrap:
        from stream.broker.embedded import prepare_embedded_kafka

        prepare_embedded_kafka(settings.state)


def start_in_background(
    settings: Settings, workspace: Path, *, workers: int, dedicated: Dedicated = (), on_survey: OnSurvey
) -> dict[str, Health]:
    """Start the stack in a session of its own; return when it is healthy, or raise StackError and leave nothing."""
    log = log_file(settings.state, "keeper")
    log.parent.mkdir(parents=True, exist_ok=True)
    before = log.stat().st_size if log.exists() else 0
    if not is_kept(settings.state):
        # a stack that was killed with its keeper left a survey that still calls it healthy
        settings.services_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "vigia", "up", "--workers", str(workers)]
    command += [word for classifier, count in dedicated for word in ("--dedicated", f"{classifier}={count}")]
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            command,
            cwd=workspace,
            env=home_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        return _wait_until_healthy(settings, keeper, on_survey)
    except ChildProcessError:
        raise StackError(_last_error(log, before)) from None
    except (StackError, KeyboardInterrupt):
        stop_stack(settings)
        raise


def ask_stack(settings: Settings) -> dict[str, Health]:
    """Every service, asked now; empty when no stack runs on this home."""
    stack = load_stack(plan_file(settings.state))
    if stack is None:
        return {}
    healths = survey(stack)
    if is_kept(settings.state):
        return healths
    # the keeper was killed: what still runs is told as it is, what does not will not come back
    return {name: health if health.pid else replace(health, state="stopped") for name, health in healths.items()}


def is_running(settings: Settings) -> bool:
    """Whether a stack was started on this home and not stopped."""
    return load_stack(plan_file(settings.state)) is not None


def stop_stack(settings: Settings) -> bool:
    """End the stack and whatever a killed one left. False when nothing ran."""
    state = settings.state
    kept = is_kept(state)
    if kept:
        _end_keeper(state)
    left = stop_all(state, grace_seconds=STOP_ALL_SECONDS)
    remove_traces(state)
    remove_announcements(settings)
    return kept or left > 0


def remove_announcements(settings: Settings) -> None:
    """The two files by which others find the running stack."""
    for file in (settings.endpoints_file, settings.services_file):
        file.unlink(missing_ok=True)


def describe_failure(state: Path, healths: Mapping[str, Health]) -> str:
    """Which services are not healthy, why, and the end of the first one's log."""
    ill = {name: health for name, health in healths.items() if not health.healthy}
    if not ill:
        return f"no service has been seen. See {log_file(state, 'keeper')}"
    named = "; ".join(f"{name} is {health.state} ({health.detail or 'no detail'})" for name, health in ill.items())
    # a waiting service is ill because of another one
    first = min(ill, key=lambda name: ill[name].state == "waiting")
    said = " | ".join(read_last_lines(log_file(state, first), LOG_LINES_SHOWN)) or "nothing"
    return f"{named}. Last lines of {first}: {said}"


def read_last_lines(file: Path, count: int) -> list[str]:
    """The end of a text file, at most 64 KiB of it; empty when there is no file."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 65_536))
            return log.read().decode("utf-8", errors="replace").splitlines()[-count:] if count > 0 else []
    except FileNotFoundError:
        return []


@contextmanager
def _until_signal() -> Iterator[tuple[Event, list[signal.Signals]]]:
    """An event set by the first SIGINT, SIGTERM or SIGHUP; handlers are put back at the end."""
    stop, received = Event(), []

    def note(number: int, _frame: object) -> None:
        received.append(signal.Signals(number))
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stop, received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _wait_until_healthy(
    settings: Settings, keeper: "subprocess.Popen[bytes]", on_survey: OnSurvey
) -> dict[str, Health]:
    deadline = time.monotonic() + READY_SECONDS
    healths: dict[str, Health] = {}
    while time.monotonic() < deadline:
        if keeper.poll() is not None:
            raise ChildProcessError(keeper.returncode)
        if _keeper_pid(settings.state) == keeper.pid:
            healths = load_healths(settings.services_file)
        on_survey(healths)
        if healths and all(health.healthy for health in healths.values()):
            return healths
        if any(health.state == "failed" or keeps_ending(health) for health in healths.values()):
            break
        time.sleep(0.3)
    failure = describe_failure(settings.state, healths)
    raise StackError(f"Expected healthy services within {READY_SECONDS:.0f} s. {failure}. Everything was stopped.")


def keeps_ending(health: Health) -> bool:
    """Whether a service of a new stack ends again and again: it is tried on and on, but nobody should wait for it."""
    return not health.healthy and health.restarts >= CRASH_LOOP_STARTS


def _end_keeper(state: Path) -> None:
    """SIGTERM to the keeper, which ends the stack; SIGKILL when it does not end itself in time."""
    pid = _keeper_pid(state)
    if pid is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_ALL_SECONDS + 5
        while is_kept(state) and time.monotonic() < deadline:
            time.sleep(0.1)
        if not is_kept(state):
            return


def _keeper_pid(state: Path) -> int | None:
    try:
        return int(pid_file(state).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _last_error(log: Path, start: int) -> str:
    """What the background process said before it ended, without its `error: `."""
    text = log.read_bytes()[start:].decode("utf-8", errors="replace")
    errors = [line.removeprefix("error: ") for line in text.splitlines() if line.startswith("error: ")]
    return errors[-1] if errors else f"Expected the stack to start, its keeper ended. See {log}."

"""More or fewer workers in a running stack: the plan changes, the supervisor follows, nobody else notices."""

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filelock import Timeout

from deploy.health import Health, load_healths
from deploy.keeper import is_kept
from deploy.plan import Stack, load_stack, plan_file, run_folder, save_stack
from deploy.processes import find_processes, signal_all
from deploy.records import record_file
from deploy.services import with_workers
from deploy.shadow import change_lock
from deploy.supervision import STOP_SECONDS, write_configuration
from pipelines.errors import StackError
from pipelines.settings import Settings

READY_SECONDS = 90.0
LOOK_SECONDS = 0.3
FOLLOW_SECONDS = 3.0
"""The supervisor looks at its file once a second; a worker that it stops has mostly ended by then."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """What `vigia scale` did."""

    workers: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    details: Mapping[str, str]
    """What each worker of the common group says about itself, such as `serving` or `standby`."""
    seconds: float


def scale_workers(settings: Settings, workers: int) -> Scaling:
    """Return once the new workers are healthy and the surplus ones, the last first, have ended.

    Raises StackError when no stack runs on this home, or when the workers are not there in time; the plan stays.
    """
    began = time.monotonic()
    run_folder(settings.state).mkdir(parents=True, exist_ok=True)
    try:
        with change_lock(settings.state):
            before = load_running(settings)
            after = with_workers(before, workers)
            added = tuple(name for name in after.names if name not in before.names)
            removed = tuple(name for name in before.names if name not in after.names)
            save_stack(after)
            write_configuration(after)
            wait_until_ended(settings, removed)
            healths = wait_until_healthy(settings, added)
    except Timeout:
        raise StackError("Expected one change at a time, another `vigia scale` runs. Wait for its end.") from None
    details = {name: health.detail for name, health in healths.items() if name in after.names and "worker-" in name}
    return Scaling(workers, added, removed, details, round(time.monotonic() - began, 1))


def load_running(settings: Settings) -> Stack:
    stack = load_stack(plan_file(settings.state)) if is_kept(settings.state) else None
    if stack is None:
        raise StackError(f"Expected a stack running in {settings.state}, found none. Start one with `vigia up`.")
    return stack


def wait_until_ended(settings: Settings, names: Sequence[str]) -> None:
    """Workers finish what they have begun; whoever does not in time is killed."""
    began, reminded = time.monotonic(), False
    while left := [process for name in names for process in find_processes(settings.state, name)]:
        waited = time.monotonic() - began
        if waited > FOLLOW_SECONDS and not reminded:
            # one that outlived a supervisor, and that the present one had not taken over yet, hears it from us
            signal_all(left, signal.SIGTERM)
            reminded = True
        if waited > FOLLOW_SECONDS + STOP_SECONDS:
            signal_all(left, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    for name in names:
        record_file(settings.state, name).unlink(missing_ok=True)


def wait_until_healthy(settings: Settings, names: Sequence[str]) -> dict[str, Health]:
    """The keeper's latest survey, in which every named service is healthy."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        healths = load_healths(settings.services_file)
        ill = [name for name in names if name not in healths or not healths[name].healthy]
        if not ill:
            return healths
        failed = [name for name in ill if name in healths and healths[name].state == "failed"]
        if failed or time.monotonic() > deadline:
            name = (failed or ill)[0]
            said = healths[name].detail if name in healths else "not seen yet"
            raise StackError(
                f"Expected {name} to be healthy within {READY_SECONDS:.0f} s: {said}. See `vigia logs {name}`; "
                "take it out again with `vigia scale`."
            )
        time.sleep(LOOK_SECONDS)

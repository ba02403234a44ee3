"""The service `shadow`: part of a running stack as long as a file in its home says that somebody wants it.

`vigia challenge` writes and removes the file, `vigia up --shadow` writes it. Who has no challenger pays for no process.
"""

import sys
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from deploy.plan import Service, Stack, load_stack, plan_file, run_folder, save_stack
from deploy.records import record_file
from deploy.supervision import write_configuration

NAME = "shadow"


def wanted_file(state: Path) -> Path:
    return state / "shadow" / "wanted"


def want_shadow(state: Path) -> None:
    """A stack that runs on this home, or will, has a shadow from now on."""
    wanted_file(state).parent.mkdir(parents=True, exist_ok=True)
    wanted_file(state).touch()


def change_lock(state: Path) -> FileLock:
    """Of whoever changes the plan of a running stack; does not wait."""
    return FileLock(run_folder(state) / "scale.lock", timeout=0)


def follow_wish(stack: Stack) -> Stack:
    """The stack with a shadow or without, as it is wanted now; the supervisor follows the changed configuration."""
    wanted = wanted_file(stack.state).exists() and has_workers(stack)
    if wanted == (NAME in stack.names):
        return stack
    try:
        with change_lock(stack.state):
            # `vigia scale` may have changed it since
            changed = with_shadow(load_stack(plan_file(stack.state)) or stack, wanted=wanted)
            save_stack(changed)
            write_configuration(changed)
    except Timeout:
        return stack  # the next look comes soon
    if not wanted:
        record_file(stack.state, NAME).unlink(missing_ok=True)
    return changed


def with_shadow(stack: Stack, *, wanted: bool) -> Stack:
    """It needs what the workers need, and comes after them: beside none of them it would have nobody to challenge."""
    others = [service for service in stack.services if service.name != NAME]
    if not wanted:
        return replace(stack, services=tuple(others))
    workers = [place for place, service in enumerate(others) if is_worker(service)]
    shadow = Service(
        NAME,
        (sys.executable, "-m", "vigia", "worker", "--role", "shadow"),
        f"heartbeat:{stack.state / 'shadow' / '1.json'}",
        needs=others[workers[0]].needs,
        environment={"VIGIA_WORKER_SLOT": "1"},
    )
    place = workers[-1] + 1
    return replace(stack, services=(*others[:place], shadow, *others[place:]))


def has_workers(stack: Stack) -> bool:
    return any(is_worker(service) for service in stack.services)


def is_worker(service: Service) -> bool:
    return service.name.startswith("worker-")

"""One service of the stack by itself, as long as somebody needs it: `vigia train` and its Prefect, with no stack up."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.environment import home_environment
from deploy.health import ask
from deploy.plan import Service, log_file
from deploy.ports import find_free_ports
from deploy.processes import STACK_MARK, sweep
from deploy.services import plan_prefect
from deploy.stack import read_last_lines
from pipelines.errors import StackError
from pipelines.processes import bind_command
from pipelines.settings import Settings

READY_SECONDS = 90.0
STOP_SECONDS = 5.0


@contextmanager
def run_service(settings: Settings, name: str) -> Iterator[str]:
    """The address of a service that runs on a free port until the block ends, with the stack's own data.

    Only `prefect` can be run so; its address is the API's. It and its children end with the block, and on Linux
    also when the thread that started it ends in any other way. Raises StackError when it does not start.
    """
    if name != "prefect":
        raise StackError(f"Expected the service prefect, received {name!r}. Start the others with `vigia up`.")
    service = plan_prefect(settings, settings.host, find_free_ports(settings.host, 1)[0])
    mark = settings.state / f"{name}-alone-{os.getpid()}"  # no part of the stack: `vigia up` and `down` let it be
    (settings.state / "prefect").mkdir(parents=True, exist_ok=True)
    process = _start(settings, service, mark)
    try:
        _wait_until_ready(settings, service, process)
        yield f"{service.url}/api"
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        sweep(mark)


def _start(settings: Settings, service: Service, mark: Path) -> "subprocess.Popen[bytes]":
    log = log_file(settings.state, f"{service.name}-alone")
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**home_environment(settings), **service.environment}
    environment.pop("PREFECT_API_URL", None)
    with log.open("wb") as output:
        return subprocess.Popen(
            bind_command(*service.command),
            env={**environment, STACK_MARK: str(mark)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def _wait_until_ready(settings: Settings, service: Service, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ask(service.ready, timeout_seconds=1.0).ready:
        if process.poll() is not None or time.monotonic() > deadline:
            log = log_file(settings.state, f"{service.name}-alone")
            said = " | ".join(read_last_lines(log, 5)) or "nothing"
            raise StackError(
                f"Expected {service.name} to answer at {service.url}, it did not. It said: {said}. See {log}."
            )
        time.sleep(0.2)

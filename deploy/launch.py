"""The first moments of every supervised service: `python -m deploy.launch NAME`, run by the supervisor.

It opens the log, takes over a process that outlived an earlier supervisor, slows down a crash loop, waits for what
the service needs, checks the port, and then becomes the service's command (same pid).
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from deploy.health import ask
from deploy.plan import Service, Stack, load_stack, log_file
from deploy.ports import describe_owner, is_free
from deploy.processes import SERVICE_MARK, belongs, guard, sweep
from deploy.records import Record, delay_seconds, describe_ends, load_record, record_start, save_record

FINAL_EXIT = 78
"""The supervisor does not start a service again after this code."""
PLAN_VARIABLE = "VIGIA_STACK_FILE"
PORT_WAIT_SECONDS = 5.0


def main() -> None:
    stack = load_stack(Path(os.environ[PLAN_VARIABLE]))
    if stack is None:  # the stack is being stopped
        sys.exit(FINAL_EXIT)
    service = stack.service(os.environ[SERVICE_MARK])
    open_log(log_file(stack.state, service.name))
    previous = load_record(stack.state, service.name)
    if previous and previous.pid != os.getpid() and belongs(previous.pid, stack.state, service.name):
        tell(f"taking over the running process {previous.pid}")
        guard(previous.pid, stack.state, service.name)
        return
    record = record_start(previous, os.getpid(), time.time())
    save_record(stack.state, service.name, record)
    if previous:
        sweep(stack.state, service.name)
    prepare(stack, service, record)
    os.chdir(stack.workspace)
    os.execvpe(service.command[0], service.command, {**os.environ, **service.environment})  # noqa: S606 - no shell wanted


def prepare(stack: Stack, service: Service, record: Record) -> None:
    """Return when the command may start. Ends the process for good when it never may."""
    save = partial(save_record, stack.state, service.name)

    def refuse(reason: str) -> NoReturn:
        tell(f"not started again: {reason}")
        save(replace(record, refusal=reason))
        sys.exit(FINAL_EXIT)

    if record.refusal:
        refuse(record.refusal)
    if delay := delay_seconds(record):
        ended = describe_ends(record)
        tell(f"the next try comes in {delay:.0f} s; {ended}".rstrip("; "))
        save(replace(record, waiting_for=f"{delay:.0f} s before the next try; {ended}".rstrip("; ")))
        time.sleep(delay)
    for need in service.needs:
        save(replace(record, waiting_for=need))
        wait_for(partial(is_ready, stack.service(need).ready))
    if service.port and not wait_for(partial(is_free, stack.host, service.port), PORT_WAIT_SECONDS):
        owner = describe_owner(service.port)
        refuse(f"port {service.port} is taken{owner}; end that program, then run `vigia down` and `vigia up`")
    save(replace(record, started_at=time.time()))


def is_ready(ready: str) -> bool:
    return ask(ready, timeout_seconds=1.0).ready


def wait_for(condition: Callable[[], bool], timeout_seconds: float = float("inf")) -> bool:
    """True as soon as the condition holds, False after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def open_log(file: Path) -> None:
    """Send stdout and stderr of this process, and of what it becomes, to the end of the file.

    The file belongs to the process and not to the supervisor's pipes: it goes on writing when the supervisor dies.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def tell(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} launcher: {text}", flush=True)


if __name__ == "__main__":
    main()

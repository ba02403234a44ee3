import os
import subprocess
import sys

import psutil

from pipelines.processes import bind_command
from tests.waiting import wait_until


def test_a_bound_child_ends_with_its_parent() -> None:
    sleeper = bind_command("sleep", "3600")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess; p = subprocess.Popen({sleeper!r}); print(p.pid, flush=True); p.wait()",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: "sleep" in psutil.Process(child).name(), timeout_seconds=120, what="the command to run")

    parent.kill()
    parent.wait()

    wait_until(lambda: not _runs(child), timeout_seconds=60, what="the child to end")


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and os.getpgid(pid) > 0
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False

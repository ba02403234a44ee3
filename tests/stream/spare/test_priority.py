import os
import subprocess
import sys

import pytest

from stream.spare.priority import give_way

SCRIPT = """
import os, threading
from stream.spare.priority import give_way, keep_one_thread
kept = keep_one_thread()
give_way()
own = lambda: (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_IDLE)
later = []
thread = threading.Thread(target=lambda: later.append(own()))
thread.start(); thread.join()
print(own(), later[0], kept.submit(own).result())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_everything_gives_way_but_the_thread_that_was_kept() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    this, later, kept = eval(f"[{done.stdout.strip().replace(') (', '), (')}]")  # noqa: S307  our own words
    assert this == later == (19, True)
    assert kept[0] < 19
    assert kept[1] is False


def test_a_container_that_forbids_the_idle_class_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    niced: list[int] = []
    monkeypatch.setattr(os, "nice", niced.append)
    monkeypatch.setattr(os, "sched_setscheduler", forbid, raising=False)

    give_way()

    assert niced == [19]

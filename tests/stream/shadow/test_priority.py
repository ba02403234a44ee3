import subprocess
import sys

import pytest

SCRIPT = """
import os, threading
from stream.shadow.priority import lower_priority
writer = lower_priority()
own = lambda: (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_IDLE)
later = []
thread = threading.Thread(target=lambda: later.append(own()))
thread.start(); thread.join()
print(own(), later[0], writer.submit(own).result())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_everything_gives_way_but_the_thread_that_writes() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    this, later, writer = eval(f"[{done.stdout.strip().replace(') (', '), (')}]")  # noqa: S307  our own words
    assert this == later == (19, True)
    assert writer[0] < 19
    assert writer[1] is False

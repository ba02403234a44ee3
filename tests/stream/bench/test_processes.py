import subprocess
import sys
from pathlib import Path

from stream.bench.processes import Running, kill, last_line, start
from tests.waiting import wait_until


def started(code: str, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return start([sys.executable, "-c", code], output)


def test_a_process_that_fails_is_told_with_what_it_said_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = started("import sys; print('no  memory', file=sys.stderr); sys.exit(3)", log)
    running = Running((process,), log)

    process.wait(120)

    assert running.has_ended()
    assert running.failure() == "it ended with 3: no memory"


def test_one_that_ends_well_or_still_runs_has_not_failed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    well, still = started("pass", log), started("import threading; threading.Event().wait()", log)
    well.wait(120)
    try:
        assert Running((well, still), log).failure() is None
        assert not Running((well, still), log).has_ended()
    finally:
        kill(still)


def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    log, wait = tmp_path / "log", "import threading; threading.Event().wait()"
    child = (
        f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', '{wait}']); "
        "print(child.pid, flush=True); child.wait()"
    )
    process = started(child, log)
    wait_until(lambda: log.read_text().strip(), timeout_seconds=120, what="a grandchild")
    grandchild = int(log.read_text())

    kill(process)

    wait_until(lambda: not is_running(grandchild), timeout_seconds=120, what="the grandchild's end")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_without_a_log_said_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "absent") == "nothing"

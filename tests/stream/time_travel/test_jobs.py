import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import StoreError
from stream.store import PredictionStore
from stream.time_travel.jobs import JobLog, hold_alone
from stream.time_travel.windows import ReplayWindow
from tests.place import ROOT
from tests.stream.fakes import NOON

WINDOW = ReplayWindow("cars", NOON, NOON + timedelta(hours=1), ("gate",))
HOLD = """
import sys
from stream.store import PredictionStore
from stream.time_travel.jobs import JobLog, hold_alone
with hold_alone(JobLog(PredictionStore(sys.argv[1])), "cars", 2):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def log(tmp_path: Path) -> JobLog:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}", retry_seconds=0.2)
    store.migrate()
    return JobLog(store)


def test_the_same_window_and_version_is_the_same_job(log: JobLog) -> None:
    first = log.begin(WINDOW, 2, "local", 10)
    log.mark(first, 4, "stopped")

    again = log.begin(WINDOW, 2, "ray", 12)

    assert again.id == first.id
    found = log.find(WINDOW, 2)
    assert found is not None
    assert (found.state, found.done, found.total, found.engine) == ("running", 4, 12, "ray")
    assert log.find(ReplayWindow("cars", NOON, NOON + timedelta(hours=1)), 2) is None
    assert log.begin(WINDOW, 3, "local", 10).id != first.id


def test_a_second_replay_with_one_version_is_refused_and_told_how_far_the_first_one_is(log: JobLog) -> None:
    log.mark(log.begin(WINDOW, 2, "local", 10), 4, "running")

    with hold_alone(log, "cars", 2):
        with pytest.raises(StoreError, match=r"another one at work: 4 of 10 frames"), hold_alone(log, "cars", 2):
            pass
        with hold_alone(log, "cars", 3), hold_alone(log, "dogs", 2):
            pass
    with hold_alone(log, "cars", 2):
        pass


def test_a_replay_that_is_killed_holds_nothing(log: JobLog) -> None:
    url = str(log.store.engine.url)
    command = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="only replay"), hold_alone(log, "cars", 2):
            pass
        other.kill()

    with hold_alone(log, "cars", 2):
        pass

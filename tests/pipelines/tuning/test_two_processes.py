import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL

from pipelines.settings import Settings
from pipelines.tuning.database import alone_in, find_study_database
from pipelines.tuning.space import Value
from pipelines.tuning.study import TrialResult, open_study, search_params
from tests.pipelines.tuning.test_study import SPACE, near_a_third
from tests.tree import ROOT

pytestmark = pytest.mark.integration

TRIALS = 8


def search_a_share(database: URL, killed_in: int | None = None) -> None:
    """What one of the processes does; prints the numbers of its trials."""
    told: list[TrialResult] = []

    def run(values: Mapping[str, Value], listen: Callable[[int, float], None]) -> float:
        if len(told) == killed_in:
            print(*(trial.number for trial in told), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return near_a_third(values, listen)

    with alone_in(database):
        study = open_study(database, "cars", SPACE, "random")
    search_params(study, SPACE, TRIALS, run, told.append)
    print(*(trial.number for trial in told))


def start(home: Path, *killed_in: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.pipelines.tuning.test_two_processes", str(home), *killed_in]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_processes_share_a_new_study_and_no_trial_is_made_twice(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(2)]
    shares = [[int(number) for number in process.communicate(timeout=240)[0].split()] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    numbers = sorted(shares[0] + shares[1])
    assert numbers == list(range(len(numbers)))
    # each may have had one trial under way when the other ended the last
    assert TRIALS <= len(numbers) <= TRIALS + 1


def test_a_search_that_is_killed_loses_the_trial_under_way_and_nothing_else(tmp_path: Path) -> None:
    killed = start(tmp_path, "3")
    before, _ = killed.communicate(timeout=240)
    after, _ = start(tmp_path).communicate(timeout=240)

    assert killed.returncode == -signal.SIGKILL
    assert before.split() == ["0", "1", "2"]
    assert after.split() == ["4", "5", "6", "7", "8"]


if __name__ == "__main__":
    database = find_study_database(Settings(home=Path(sys.argv[1])))  # as a search does: it waits for another's writes
    search_a_share(database, int(sys.argv[2]) if sys.argv[2:] else None)

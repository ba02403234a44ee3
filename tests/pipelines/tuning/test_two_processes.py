import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.tuning.study import TrialResult, open_study, search_params
from tests.pipelines.tuning.test_study import SPACE, near_a_third
from tests.tree import ROOT

TRIALS = 8


def search_a_share(database: str) -> None:
    """What one of the processes does; prints the numbers of its trials."""
    told: list[TrialResult] = []
    search_params(open_study(database, "cars", SPACE, "random"), SPACE, TRIALS, near_a_third, told.append)
    print(*(trial.number for trial in told))


@pytest.mark.integration
def test_two_processes_share_a_study_and_no_trial_is_made_twice(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'tuning.db'}"
    open_study(database, "cars", SPACE, "random")
    command = [sys.executable, "-m", "tests.pipelines.tuning.test_two_processes", database]

    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    shares = [[int(number) for number in process.communicate(timeout=120)[0].split()] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    numbers = sorted(shares[0] + shares[1])
    assert numbers == list(range(len(numbers)))
    # each may have had one trial under way when the other ended the last
    assert TRIALS <= len(numbers) <= TRIALS + 1


if __name__ == "__main__":
    search_a_share(sys.argv[1])

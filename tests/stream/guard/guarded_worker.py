"""A real worker process whose versions are those of `stand.py`: `python -m tests.stream.guard.guarded_worker HOME ...`.

A rollback moves the alias in the file that is its registry.
"""

import sys
from pathlib import Path

from stream.guard.rolling_back import RollbackAnswer, RollbackOrder
from stream.logs import configure_logs
from stream.worker.worker import run_worker
from tests.stream.fake_worker import fake_setup
from tests.stream.fakes import FakeRegistry
from tests.stream.guard.stand import load


def main(home: Path, bootstrap: str, slot: int) -> int:
    configure_logs("console")

    def roll_back(order: RollbackOrder) -> RollbackAnswer:
        FakeRegistry(home / "registry.json").promote(cars=order.to)
        return RollbackAnswer("rolled_back", order.to, "rolled back")

    return run_worker(fake_setup(home, bootstrap, load, slot=slot, roll_back=roll_back))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

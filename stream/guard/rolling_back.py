"""The rollback in a child: MLflow's client, which moves aliases, stays out of the worker.

`python -m stream.guard.rolling_back OPTIONS` is the child.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from pipelines.errors import RegistryError, VigiaError

DEADLINE_SECONDS: Final = 45
"""Below the lease of a claim: a child that takes longer is given up before another worker may begin."""
_CODE: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """What is to be done."""

    classifier: str
    version: int
    """The one that fails; nothing is moved when it is not production any more."""
    to: int
    """The version before, which was asked about the same frames; to no other it is rolled back."""
    why: str
    worker: str


@dataclass(frozen=True, slots=True)
class RollbackAnswer:
    """What came of it."""

    outcome: Literal["rolled_back", "overtaken", "no_previous"]
    production: int | None
    words: str


RollBack = Callable[[RollbackOrder], RollbackAnswer]


def roll_back_in_child(order: RollbackOrder) -> RollbackAnswer:
    """Raises RegistryError when the child does not end well; whether it moved an alias is asked by the next one."""
    path = os.pathsep.join(filter(None, (str(_CODE), os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "stream.guard.rolling_back", json.dumps(asdict(order))],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return RollbackAnswer(**json.loads(done.stdout.splitlines()[-1]))
        words = (done.stderr.strip().splitlines() or ["no word"])[-1]
    except (OSError, ValueError, IndexError, TypeError, subprocess.TimeoutExpired) as error:
        words = f"{type(error).__name__}: {error}"
    raise RegistryError(
        f"Expected the rollback of {order.classifier} version {order.version}. {words[:300]} It is tried again."
    )


def main(text: str) -> None:
    """The child's work. The deadline is its own, too: nobody waits for it any more once its worker has ended."""
    signal.alarm(DEADLINE_SECONDS)
    from pipelines.client_lookup import open_client_registry
    from pipelines.promotion.guarding import roll_back_failing
    from pipelines.promotion.log_book import LogBook
    from pipelines.settings import load_settings

    order, settings = RollbackOrder(**json.loads(text)), load_settings()
    book = LogBook(settings.resolve_database_url())
    registry = open_client_registry(settings)
    done = roll_back_failing(
        registry, book, order.classifier, order.version, to=order.to, why=order.why, by=order.worker
    )
    print(json.dumps(asdict(done)), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except VigiaError as error:
        sys.exit(f"error: {' '.join(str(error).split())}")

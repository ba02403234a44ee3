"""A real worker process with fake models: `python -m tests.stream.fake_worker HOME BOOTSTRAP SLOT [DATABASE_URL]`.

FAKE_SECONDS_A_FRAME in the environment makes the models slow, FAKE_CLASSIFIERS names the only ones that answer.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from stream.frames.keeping import FramesPlace
from stream.logs import configure_logs
from stream.models.loader import LoadClassifier
from stream.store import PredictionStore
from stream.worker.worker import WorkerSetup, run_worker
from tests.stream.fakes import FakeClassifier, fake_models, load_fake


def fake_setup(home: Path, bootstrap: str, load: LoadClassifier, **changes: Any) -> WorkerSetup:
    """A worker's setup in `home`, whose registry is a file; `changes` are other fields."""
    setup = WorkerSetup(
        bootstrap=bootstrap,
        state=home,
        slot=1,
        cameras_file=home / "cameras.yaml",
        store=PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}"),
        load=load,
        frames=FramesPlace(os.environ.get("VIGIA_FRAMES_URL"), os.environ.get("VIGIA_FRAMES_ENDPOINT")),
        **fake_models(home),
    )
    return replace(setup, **changes)


def main(home: Path, bootstrap: str, slot: int, database_url: str | None = None) -> int:
    configure_logs("console")
    changes: dict[str, Any] = {"store": PredictionStore(database_url)} if database_url else {}
    only = tuple(os.environ.get("FAKE_CLASSIFIERS", "").split())
    return run_worker(fake_setup(home, bootstrap, load_slow, slot=slot, classifiers=only, **changes))


def load_slow(folder: Path, classifier: str, version: int) -> FakeClassifier:
    seconds = float(os.environ.get("FAKE_SECONDS_A_FRAME", 0))
    return replace(load_fake(folder, classifier, version), seconds_a_frame=seconds)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))

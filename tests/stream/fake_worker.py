"""A real worker process with fake models: `python -m tests.stream.fake_worker HOME BOOTSTRAP SLOT [DATABASE_URL]`.

FAKE_SECONDS_A_FRAME in the environment makes the models slow, FAKE_CLASSIFIERS names the only ones that answer.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from stream.frames.keeping import FramesPlace
from stream.logs import configure_logs
from stream.store import PredictionStore
from stream.worker.worker import WorkerSetup, run_worker
from tests.stream.fakes import FakeClassifier, fake_models, load_fake


def main(home: Path, bootstrap: str, slot: int, database_url: str | None = None) -> int:
    configure_logs("console")
    return run_worker(
        WorkerSetup(
            bootstrap=bootstrap,
            state=home,
            slot=slot,
            cameras_file=home / "cameras.yaml",
            store=PredictionStore(database_url or f"sqlite:///{home / 'store' / 'vigia.db'}"),
            **fake_models(home),
            load=load_slow,
            classifiers=tuple(os.environ.get("FAKE_CLASSIFIERS", "").split()),
            frames=FramesPlace(os.environ.get("VIGIA_FRAMES_URL"), os.environ.get("VIGIA_FRAMES_ENDPOINT")),
        )
    )


def load_slow(folder: Path, classifier: str, version: int) -> FakeClassifier:
    seconds = float(os.environ.get("FAKE_SECONDS_A_FRAME", 0))
    return replace(load_fake(folder, classifier, version), seconds_a_frame=seconds)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))

"""A real worker process with fake models: `python -m tests.stream.fake_worker HOME BOOTSTRAP SLOT`."""

import os
import sys
from pathlib import Path

from stream.frames.keeping import FramesPlace
from stream.logs import configure_logs
from stream.store import PredictionStore
from stream.worker.worker import WorkerSetup, run_worker
from tests.stream.fakes import FakeRegistry, load_fake


def main(home: Path, bootstrap: str, slot: int) -> int:
    configure_logs("console")
    return run_worker(
        WorkerSetup(
            bootstrap=bootstrap,
            state=home,
            slot=slot,
            cameras_file=home / "cameras.yaml",
            store=PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}"),
            open_registry=lambda: FakeRegistry(home / "registry.json"),
            load=load_fake,
            frames=FramesPlace(os.environ.get("VIGIA_FRAMES_URL"), os.environ.get("VIGIA_FRAMES_ENDPOINT")),
        )
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

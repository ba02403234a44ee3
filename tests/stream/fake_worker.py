"""A real worker process with fake models: `python -m tests.stream.fake_worker HOME BOOTSTRAP SLOT`."""

import sys
from pathlib import Path

from stream.logs import configure_logs
from stream.store import PredictionStore
from stream.worker.worker import WorkerSetup, run_worker
from tests.stream.fakes import FakeRegistry, download_nothing, load_fake, try_nothing


def main(home: Path, bootstrap: str, slot: int) -> int:
    configure_logs("console")
    return run_worker(
        WorkerSetup(
            bootstrap=bootstrap,
            state=home,
            slot=slot,
            cameras_file=home / "cameras.yaml",
            store=PredictionStore(f"sqlite:///{home / 'store' / 'vigia.db'}"),
            open_lookup=lambda: FakeRegistry(home / "registry.json"),
            download=download_nothing,
            try_version=try_nothing,
            load=load_fake,
        )
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

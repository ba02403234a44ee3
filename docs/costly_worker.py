"""A real worker with a fake model that costs what a small network costs: `python -m docs.costly_worker HOME BOOTSTRAP`.

VIGIA_FRAMES_URL and VIGIA_FRAMES_ENDPOINT count as they do for `vigia worker`.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.images import Image
from pipelines.inference import Inference
from stream.logs import configure_logs
from stream.worker.worker import run_worker
from tests.stream.fake_worker import fake_setup
from tests.stream.fakes import FakeClassifier

MODEL_SECONDS: Final = 0.002
"""Of one thread, a frame; what MobileNetV2 needs at 160 pixels, about."""


class CostlyClassifier(FakeClassifier):
    """Sure of everything; takes its time on a core without holding the interpreter, as an engine does."""

    def infer(self, images: Sequence[Image]) -> Inference:
        factor = np.ones((256, 256), np.float32)
        ends_at = time.thread_time() + MODEL_SECONDS * len(images)
        while time.thread_time() < ends_at:
            factor @ factor
        return Inference(np.tile(np.array([0.01, 0.99], np.float32), (len(images), 1)), np.ones(len(images), bool))


def work(home: Path, bootstrap: str) -> int:
    """Serve until told to stop; the exit code."""
    configure_logs("console")
    return run_worker(fake_setup(home, bootstrap, lambda _folder, name, version: CostlyClassifier(name, version)))


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), sys.argv[2]))

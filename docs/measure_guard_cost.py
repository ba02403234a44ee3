"""What the guard costs a worker: `python -m docs.measure_guard_cost [--fps 100]`.

A window full of frames is counted, looked at and told as in a worker; models, registry and Kafka are stand-ins.
"""

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path

from stream.guard.guard import Guard
from stream.store import PredictionStore
from tests.stream.guard.stand import VARIED, Stand, load
from tests.stream.models.place import Place

BATCH = 10
LOOKS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=int, default=100)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure_cost(Path(folder), options.fps), indent=1))


def measure_cost(folder: Path, fps: int) -> dict[str, float]:
    """Milliseconds of processor time, and the share of one core at so many frames a second."""
    place, store = Place(folder), PredictionStore(f"sqlite:///{folder / 'vigia.db'}")
    store.migrate()
    stand = Stand(place, store, place.watcher(load))
    stand.serve(1)
    guard = stand.guard()
    observed = fill(stand, guard, fps)
    began = time.thread_time()
    for _ in range(LOOKS):
        guard.look()
        guard.describe()
    looked = (time.thread_time() - began) / LOOKS
    seconds = observed * fps + looked
    return {
        "observe_us_a_frame": round(observed * 1e6, 2),
        "look_ms": round(looked * 1e3, 3),
        "percent_of_a_core": round(seconds * 100, 3),
    }


def fill(stand: Stand, guard: Guard, fps: int) -> float:
    """A window full of frames; seconds that one took."""
    batch = stand.reader.read(stand.frames(VARIED, BATCH), stand.watcher.serving, {})
    batches = int(stand.limits.window_seconds) * fps // BATCH
    spent = 0.0
    for _ in range(batches):
        stand.now += BATCH / fps
        began = time.thread_time()
        guard.observe(batch)
        spent += time.thread_time() - began
    return spent / batches / BATCH


if __name__ == "__main__":
    main()

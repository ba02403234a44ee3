"""What measuring costs the worker: `python -m docs.measure_metrics [--rounds N]` prints one JSON document.

Batches of 32 drawn 640×480 JPEGs go through the worker's own reading and storing with a model that costs nothing,
and through its metrics; CPU time of the two is taken in turns. A real model makes the share smaller.
"""

import argparse
import io
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from stream.http import Pages
from stream.messages import FRAMES_TOPIC, Message, Position, encode_v2
from stream.monitoring.report import WorkerReport
from stream.store import PredictionStore
from stream.worker.batches import BatchReader
from stream.worker.outcomes import BatchOutcome
from tests.stream.fakes import FakeClassifier

BATCH = 32
SCRAPE_SECONDS = 15.0
BEAT_SECONDS = 2.0


def draw_messages(batch: int, cameras: int) -> list[Message]:
    """Frames of v2, two kinds of picture, one partition a camera."""
    random, now = np.random.default_rng(batch), datetime.now(UTC)
    messages = []
    for number in range(BATCH):
        camera = (batch * BATCH + number) % cameras
        smooth = np.kron(random.integers(0, 240, (15, 20, 3), np.uint8), np.ones((32, 32, 1), np.uint8))
        output = io.BytesIO()
        Image.fromarray(smooth).save(output, "JPEG", quality=85)
        sent = encode_v2(f"camera-{camera}", f"{batch}-{number}", now, output.getvalue(), image_name=None, sequence=1)
        position = Position(FRAMES_TOPIC, camera % 4, batch * BATCH + number)
        messages.append(Message(position, sent.key, sent.value, sent.headers, None, now + timedelta(milliseconds=20)))
    return messages


def measure(rounds: int, cameras: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        store = PredictionStore(f"sqlite:///{Path(folder) / 'vigia.db'}")
        store.migrate()
        report, reader = WorkerReport(store), BatchReader("here/worker-1")
        working, measuring = [], []
        for batch in range(rounds):
            messages = draw_messages(batch, cameras)
            began = time.process_time()
            outcome = reader.read(messages, {"cars": FakeClassifier()}, {})
            store.store_batch(outcome.predictions, [], outcome.reads)
            worked = time.process_time()
            observe(report, outcome)
            measuring.append(time.process_time() - worked)
            working.append(worked - began)
        return {"work": median(working) / BATCH, "metrics": median(measuring) / BATCH, **measure_telling(report)}


def observe(report: WorkerReport, outcome: BatchOutcome) -> None:
    """All that the worker measures of one batch."""
    with report.metrics.timed("store"):
        pass
    with report.metrics.timed("publish"):
        pass
    report.metrics.observe_batch(outcome)


def measure_telling(report: WorkerReport) -> dict[str, float]:
    """CPU seconds of one scrape and of one heartbeat, the worst that the bound on cameras allows."""
    pages = Pages(report.checks.health, report.checks.ready, report.metrics.registry)
    scrapes, beats = [], []
    for _ in range(20):
        began = time.process_time()
        answer = pages.answer("/metrics")
        scraped = time.process_time()
        report.describe()
        beats.append(time.process_time() - scraped)
        scrapes.append(scraped - began)
    assert answer is not None
    return {"scrape": median(scrapes), "heartbeat": median(beats), "scrape_bytes": len(answer.body)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--cameras", type=int, default=100)
    arguments = parser.parse_args()
    found = measure(arguments.rounds, arguments.cameras)
    always = found["scrape"] / SCRAPE_SECONDS + found["heartbeat"] / BEAT_SECONDS
    document = {
        "cpu_us_per_frame": {name: round(found[name] * 1e6, 1) for name in ("work", "metrics")},
        "share_of_a_worker_without_a_model": round(found["metrics"] / (found["work"] + found["metrics"]), 4),
        "scrape_ms": round(found["scrape"] * 1000, 2),
        "scrape_bytes": found["scrape_bytes"],
        "heartbeat_ms": round(found["heartbeat"] * 1000, 2),
        "share_of_a_core_for_scrapes_and_heartbeats": round(always, 5),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()

"""What one worker counts and measures, as Prometheus reads it. The names are documented in docs/monitoring.md."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

from stream.http import build_registry
from stream.messages import Position, Prediction
from stream.monitoring.camera_labels import CameraLabels
from stream.monitoring.recent import RecentFrames
from stream.reading.flight import Flight
from stream.worker.outcomes import BatchOutcome

LATENCY_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60)
BATCH_FRAMES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
STEPS: Final = ("decode", "infer", "store", "publish")
Step = Literal["decode", "infer", "store", "publish"]


class WorkerMetrics:
    """A registry of its own, never the library's global one. Everything may be called from any thread."""

    def __init__(self, *, on_stored: Callable[[], None] = lambda: None) -> None:
        self.registry = registry = build_registry()
        self.recent = RecentFrames()
        self._on_stored = on_stored
        self._cameras = CameraLabels(self._forget)
        by_camera = ["camera_id", "partition"]
        self._frames = Counter(
            "vigia_worker_frames", "Frames read, by what became of them.", [*by_camera, "outcome"], registry=registry
        )
        self._latency = Histogram(
            "vigia_worker_latency_seconds",
            "From capture to stored, by the camera's clock.",
            by_camera,
            buckets=LATENCY_SECONDS,
            registry=registry,
        )
        self._dead = Counter("vigia_worker_dead_letters", "Dead letters.", ["stage", "reason"], registry=registry)
        self._predictions = Counter(
            "vigia_worker_predictions", "Predictions.", ["classifier", "version", "decision"], registry=registry
        )
        self._batch = Histogram(
            "vigia_worker_batch_frames", "Messages in a batch.", buckets=BATCH_FRAMES, registry=registry
        )
        self._steps = Counter("vigia_worker_step_seconds", "Time spent in a step.", ["step"], registry=registry)
        self._lag = Gauge("vigia_worker_lag_frames", "Frames not acknowledged yet.", ["partition"], registry=registry)
        self._in_flight = Gauge("vigia_worker_in_flight_frames", "Frames in hand now.", registry=registry)
        self._in_flight_bytes = Gauge("vigia_worker_in_flight_bytes", "Bytes of their messages.", registry=registry)
        self._versions = Gauge("vigia_worker_model_version", "Version served.", ["classifier"], registry=registry)
        self._retries = Counter("vigia_worker_store_retries", "Writes that were tried again.", registry=registry)
        self._polls = Counter("vigia_worker_watchdog_polls", "Times the broker was asked.", registry=registry)
        self._stuck = Gauge(
            "vigia_worker_watchdog_polls_without_progress", "Polls in a row; 12 end the worker.", registry=registry
        )
        self._ok = Gauge("vigia_worker_check_ok", "1 when a part is well.", ["check"], registry=registry)
        self._read: set[int] = set()
        for step in STEPS:
            self._steps.labels(step)

    def observe_batch(self, outcome: BatchOutcome, *, now: datetime | None = None) -> None:
        """Count a batch that is stored. Latencies of a camera whose clock is ahead count as 0."""
        stored = {prediction.position: prediction for prediction in outcome.predictions}
        frames = len(outcome.positions) + len(outcome.dropped)
        self._count_frames(outcome, stored)
        seconds = [self._observe_latency(frame, now or datetime.now(UTC)) for frame in stored.values()]
        self.recent.add(seconds, frames)
        for _, letter in outcome.dead_letters:
            self._dead.labels(letter.stage, letter.reason).inc()
        answers = Tally((each.classifier, str(each.model_version), each.decision) for each in outcome.predictions)
        for labels, count in answers.items():
            self._predictions.labels(*labels).inc(count)
        self._batch.observe(len(outcome.positions))
        self.observe_step("decode", outcome.decode_seconds)
        self.observe_step("infer", outcome.infer_seconds)
        self._on_stored()

    @contextmanager
    def timed(self, step: Step) -> Iterator[None]:
        """Adds the time spent inside, also of what fails."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.observe_step(step, time.perf_counter() - began)

    def observe_step(self, step: Step, seconds: float) -> None:
        self._steps.labels(step).inc(seconds)

    def observe_lag(self, frames: Mapping[int, int], polls_without_progress: int) -> None:
        """What the watchdog learnt from the broker: frames that wait by partition, of those that are ours now."""
        self._polls.inc()
        self._stuck.set(polls_without_progress)
        for partition, count in frames.items():
            self._lag.labels(str(partition)).set(count)
        for partition in self._read.difference(frames):
            self._lag.remove(str(partition))  # another worker tells its lag now
        self._read = set(frames)

    def observe_retry(self) -> None:
        self._retries.inc()

    def observe_checks(self, checks: Mapping[str, bool]) -> None:
        for name, ok in checks.items():
            self._ok.labels(name).set(ok)

    def observe_versions(self, versions: Mapping[str, int]) -> None:
        for classifier, version in versions.items():
            self._versions.labels(classifier).set(version)

    def watch_in_flight(self, flight: Flight) -> None:
        """Asked when the page is read."""
        self._in_flight.set_function(lambda: flight.frames)
        self._in_flight_bytes.set_function(lambda: flight.bytes)

    def _count_frames(self, outcome: BatchOutcome, stored: Mapping[Position, Prediction]) -> None:
        cameras = {letter.position: letter.camera_id for _, letter in outcome.dead_letters}
        cameras |= {position: frame.camera_id for position, frame in stored.items()}
        tally = Tally(
            (read.camera_id or cameras.get(read.position), read.position.partition, read.outcome)
            for read in outcome.reads
        )
        for (camera_id, partition, ending), count in tally.items():
            self._frames.labels(self._cameras.label(camera_id), str(partition), ending).inc(count)

    def _observe_latency(self, frame: Prediction, now: datetime) -> float:
        seconds = max((now - frame.captured_at).total_seconds(), 0.0)
        self._latency.labels(self._cameras.label(frame.camera_id), str(frame.position.partition)).observe(seconds)
        return seconds

    def _forget(self, camera_id: str) -> None:
        for metric in (self._frames, self._latency):
            metric.remove_by_labels({"camera_id": camera_id})

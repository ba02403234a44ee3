"""What a shadow costs production: `python -m docs.measure_shadow [--fps 100] [--share 0.25] [--seconds 60]`.

A real Kafka, a real MLflow registry, the real `vigia worker` and `vigia worker --role shadow`. While frames arrive at a
steady rate the shadow is stopped and let go on in turns; production's latency from capture to published, which comes
after stored, is compared between the turns. At the end the shadow's rows must be exactly the sampled frames.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import psutil
from sqlalchemy import select

from docs.live_stand import ROOT, Frames, register, running_worker
from pipelines.registry import open_registry
from pipelines.settings import Settings
from stream.accounting.ledgers import read_ledger
from stream.messages import FRAMES_TOPIC, PREDICTIONS_TOPIC, SHADOW_GROUP
from stream.shadow.sampling import place_frame
from stream.store import PredictionStore
from stream.tables import predictions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.live import end_offsets, read_since
from tests.stream.models.made_artefact import make_artefact
from tests.waiting import wait_until

PERIOD_SECONDS: Final = 10.0
SETTLING: Final = timedelta(seconds=1.5)
"""Of each period, in which the one before still shows."""


@dataclass(frozen=True, slots=True)
class Period:
    """Some seconds with or without the shadow."""

    shadow: bool
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from capture to published, over all periods of a kind, and the p99 of each."""

    frames: int
    p50: float
    p95: float
    p99: float
    p99_of_periods: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What came of it."""

    fps: float
    share: float
    frames: int
    lost: int
    """Frames that production did not answer."""
    doubled: int
    """Production's messages beyond one a frame."""
    with_shadow: Latency
    without_shadow: Latency
    p50_ratio: float
    p99_ratio: float
    """Of the medians over the periods; a single wait for the disk is the p99 of a whole one."""
    pooled_p99_ratio: float
    """Over all frames of both."""
    """Of the medians over the periods."""
    read: int
    """Frames that the shadow read."""
    sampled: int
    """Of these, by the hash of their ids."""
    rows: int
    dropped: int
    expired: int
    strangers: int
    """Rows of frames that are not in the sample."""
    exact: bool
    """Each sampled frame has a row or is counted as dropped, and no other has a row."""
    shadow_messages: int
    """On the topic of predictions."""
    shadow_cpu_seconds: float
    resting: str | None
    """Why the shadow rested at the end, if it did."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=100.0)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--seconds", type=float, default=60.0, help="Of measuring, half of it with the shadow.")
    parser.add_argument("--side", type=int, default=320, help="Of the square pictures, pixels.")
    parser.add_argument("--artefact", type=Path, nargs=2, help="Two trained artefacts of `cars` instead of drawn ones.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure_shadow(
            Path(folder),
            options.artefact,
            fps=options.fps,
            share=options.share,
            seconds=options.seconds,
            side=options.side,
        )
    text = json.dumps(asdict(report), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure_shadow(
    home: Path, artefacts: Sequence[Path] | None = None, *, fps: float, share: float, seconds: float, side: int = 320
) -> ShadowReport:
    """Run it in `home`; takes the seconds and what starting takes."""
    artefacts = artefacts or [make_artefact(home / f"made-{n}", sharpness=n) for n in (1.0, 2.0)]
    settings = Settings(home=home / "home", mlflow_tracking_uri=f"sqlite:///{home / 'mlflow.db'}")
    settings.state.mkdir(parents=True)
    store = PredictionStore(settings.resolve_database_url())
    production, challenger = (register(settings, artefact) for artefact in artefacts)
    registry = open_registry(settings)
    registry.point("cars", "production", production)
    registry.point("cars", "challenger", challenger)
    with (
        EmbeddedKafka(home / "kafka") as kafka,
        running_worker(settings, kafka.bootstrap),
        running_shadow(settings, kafka.bootstrap, share) as shadow,
    ):
        wait_until(lambda: beat(settings, "workers").get("state") == "serving", timeout_seconds=120, what="a worker")
        starts = end_offsets(kafka.bootstrap, PREDICTIONS_TOPIC)
        frames = Frames(kafka.bootstrap, fps, side=side)
        frames.start()
        wait_until(lambda: beat(settings, "shadow").get("frames"), timeout_seconds=120, what="a shadow that reads")
        periods = take_turns(shadow, max(int(seconds / PERIOD_SECONDS), 2))
        sent = frames.stop()
        said = wait_for_messages(kafka.bootstrap, starts, sent)
        wait_until(lambda: beat(settings, "shadow").get("lag") == 0, timeout_seconds=60, what="the shadow's end")
        times, resting = shadow.cpu_times(), (beat(settings, "shadow").get("reasons") or [None])[0]
    return build_report(
        store, periods, said, sent, fps=fps, share=share, cpu=times.user + times.system, resting=resting
    )


def take_turns(shadow: psutil.Process, count: int) -> list[Period]:
    """Periods without and with the shadow, which goes on at the end."""
    periods, pause = [], threading.Event()
    try:
        for number in range(count):
            running = number % 2 == 1
            shadow.send_signal(signal.SIGCONT if running else signal.SIGSTOP)
            began = datetime.now(UTC)
            pause.wait(PERIOD_SECONDS)
            periods.append(Period(running, began + SETTLING, datetime.now(UTC)))
    finally:
        shadow.send_signal(signal.SIGCONT)
    return periods


def wait_for_messages(bootstrap: str, starts: dict[Any, int], sent: int) -> list[tuple[dict[str, Any], float]]:
    """Every message on the topic of predictions, with the time it was sent at, seconds."""
    found: list[Any] = []

    def enough() -> bool:
        found[:] = read_since(bootstrap, PREDICTIONS_TOPIC, starts)
        return len(found) >= sent

    deadline = time.monotonic() + 60
    while not enough() and time.monotonic() < deadline:
        threading.Event().wait(1)
    return [(orjson.loads(record.value), record.timestamp / 1000) for record in found]


def build_report(
    store: PredictionStore,
    periods: Sequence[Period],
    said: Sequence[tuple[dict[str, Any], float]],
    sent: int,
    *,
    fps: float,
    share: float,
    cpu: float,
    resting: str | None,
) -> ShadowReport:
    ours = [(message, at) for message, at in said if message["role"] == "production"]
    table = predictions.c
    columns = (table.partition, table.offset, table.frame_id)
    positions = {(row[0], row[1]): row[2] for row in store.read(select(*columns).where(table.role == "production"))}
    rows = {(row[0], row[1]): row[2] for row in store.read(select(*columns).where(table.role == "shadow"))}
    ledger = read_ledger(store, FRAMES_TOPIC).get(SHADOW_GROUP, {})
    read = {
        place: frame_id
        for place, frame_id in positions.items()
        if place[0] in ledger and ledger[place[0]].first_offset <= place[1] < ledger[place[0]].next_offset
    }
    sampled = {place for place, frame_id in read.items() if place_frame(frame_id) < share}
    dropped, stored = (sum(getattr(entry, name) for entry in ledger.values()) for name in ("dropped", "stored"))
    strangers = len(rows.keys() - sampled)
    on, off = (latency_of([each for each in periods if each.shadow == shadow], ours) for shadow in (True, False))
    return ShadowReport(
        fps=fps,
        share=share,
        frames=sent,
        lost=sent - len({message["frame_id"] for message, _ in ours}),
        doubled=len(ours) - len({message["frame_id"] for message, _ in ours}),
        with_shadow=on,
        without_shadow=off,
        p50_ratio=round(on.p50 / off.p50, 3),
        pooled_p99_ratio=round(on.p99 / off.p99, 3),
        p99_ratio=round(float(np.median(on.p99_of_periods) / np.median(off.p99_of_periods)), 3),
        read=len(read),
        sampled=len(sampled),
        rows=len(rows),
        dropped=dropped,
        expired=sum(entry.expired for entry in ledger.values()),
        strangers=strangers,
        exact=strangers == 0 and stored == len(rows) and len(sampled) == len(rows) + dropped,
        shadow_messages=len(said) - len(ours),
        shadow_cpu_seconds=round(cpu, 1),
        resting=resting,
    )


def latency_of(periods: Sequence[Period], said: Sequence[tuple[dict[str, Any], float]]) -> Latency:
    by_period = [
        [
            1000 * (at - captured.timestamp())
            for captured, at in ((datetime.fromisoformat(message["captured_at"]), at) for message, at in said)
            if period.begins <= captured < period.ends
        ]
        for period in periods
    ]
    every = np.array([value for values in by_period for value in values])
    p50, p95, p99 = (round(float(value), 2) for value in np.percentile(every, (50, 95, 99)))
    return Latency(
        len(every), p50, p95, p99, tuple(round(float(np.percentile(values, 99)), 2) for values in by_period if values)
    )


def beat(settings: Settings, folder: str) -> dict[str, Any]:
    """The heartbeat of the worker or the shadow in the first place; empty before the first."""
    file = settings.state / folder / "1.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


@contextmanager
def running_shadow(settings: Settings, bootstrap: str, share: float) -> Iterator[psutil.Process]:
    """The real command in a workspace whose params.yaml says the share; ended afterwards."""
    workspace = settings.state / "workspace"
    workspace.mkdir()
    (workspace / "params.yaml").write_text(f"datasets: []\nclassifiers:\n  cars:\n    shadow:\n      share: {share}\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIGIA_HOME": str(settings.state),
        "VIGIA_KAFKA_BOOTSTRAP": bootstrap,
        "MLFLOW_TRACKING_URI": settings.resolve_tracking_uri(),
    }
    with (settings.state / "shadow.log").open("ab") as log:
        command = [sys.executable, "-m", "vigia", "worker", "--role", "shadow"]
        process = subprocess.Popen(command, cwd=workspace, env=environment, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()

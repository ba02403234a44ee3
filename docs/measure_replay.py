"""A window of the past replayed: `python -m docs.measure_replay [--frames 10000] [--artefact A B] [--out FILE]`.

A real Kafka, a real MLflow registry, the real `vigia worker` and `vigia replay-window`. `idle`: replays against the
engine's own rate on pictures in memory, in turns. `killed`: kill -9 and the same command again. `busy`: a worker that
has more frames than it can answer, before, beside and after a replay.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, select

from docs.live_stand import register, running_worker
from docs.measure_kept import draw_pictures
from pipelines.classifying.opening import open_version
from pipelines.inference import load_classifier
from pipelines.registry import open_registry
from pipelines.settings import Settings
from stream.messages import Outgoing, encode_v2
from stream.spare.priority import give_way
from stream.store import PredictionStore
from stream.store_engine import has_tables
from stream.tables import predictions
from stream.time_travel.answering import Answering, read_ahead
from stream.time_travel.pictures import Found, Source
from stream.time_travel.replayer import Asked
from stream.time_travel.replaying import replay_window
from stream.time_travel.windows import ReplayWindow, load_frames, plan_parts
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.live import send
from tests.stream.models.made_artefact import make_artefact
from tests.waiting import wait_until

ROOT = Path(__file__).parents[1]
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stand:
    """What is measured on."""

    settings: Settings
    bootstrap: str
    store: PredictionStore
    pictures: Sequence[bytes]

    def send(self, count: int) -> None:
        run = f"{time.time_ns():x}"
        for start in range(0, count, 500):
            send(self.bootstrap, [self._frame(run, number) for number in range(start, min(start + 500, count))])

    def count(self, role: str, *more: ColumnElement[bool]) -> int:
        if not has_tables(self.store.engine):
            return 0
        return int(self.store.read(select(func.count()).where(predictions.c.role == role, *more))[0][0])

    def wait_for_rows(self) -> None:
        """Until production has answered one more."""
        answered = self.count("production")
        wait_until(lambda: self.count("production") > answered, timeout_seconds=120, what="rows")

    def _frame(self, run: str, number: int) -> Outgoing:
        picture = self.pictures[number % len(self.pictures)]
        name = f"{run}-{number}"
        return encode_v2(f"cam{number % 8}", name, datetime.now(UTC), picture, image_name=None, sequence=number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15.0, help="Of each period of the busy worker.")
    parser.add_argument("--artefact", type=Path, nargs=2, help="Two trained artefacts of `cars` instead of made ones.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options)
    text = json.dumps(figures, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure(home: Path, options: argparse.Namespace) -> Figures:
    artefacts = options.artefact or [make_artefact(home / f"made-{n}", sharpness=n) for n in (1.0, 2.0)]
    with EmbeddedKafka(home / "kafka") as kafka:
        settings = Settings(
            home=home / "home", kafka_bootstrap=kafka.bootstrap, mlflow_tracking_uri=f"sqlite:///{home / 'mlflow.db'}"
        )
        settings.state.mkdir(parents=True)
        first, _ = [register(settings, artefact) for artefact in artefacts]
        open_registry(settings).point("cars", "production", first)
        store = PredictionStore(settings.resolve_database_url())
        stand = Stand(settings, kafka.bootstrap, store, draw_pictures(400))
        with running_worker(settings, kafka.bootstrap):
            stand.send(options.frames)
            wait_until(
                lambda: stand.count("production") >= options.frames, timeout_seconds=3600, what="the live answers"
            )
        windows = cut_windows(stand, options.rounds)
        return {
            "frames": options.frames,
            "idle": measure_idle(stand, windows),
            "killed": measure_killed(stand, windows[0]),
            "busy": measure_busy(
                stand, ReplayWindow("cars", windows[0].captured_from, windows[-1].captured_to), options
            ),
        }


def cut_windows(stand: Stand, count: int) -> list[ReplayWindow]:
    """Of about as many frames each."""
    moments = [
        row[0] for row in stand.store.read(select(predictions.c.captured_at).order_by(predictions.c.captured_at))
    ]
    cuts = [moments[number * len(moments) // count] for number in range(count)]
    ends = [*cuts[1:], moments[-1] + timedelta(microseconds=1)]
    return [ReplayWindow("cars", begin, end) for begin, end in zip(cuts, ends, strict=True)]


def measure_idle(stand: Stand, windows: Sequence[ReplayWindow]) -> Figures:
    """Frames a second of the engine alone and of replays from the kept frames and from the topic."""
    opened = open_version(stand.settings, "cars", 2, lambda text: None)
    answering = Answering(load_classifier(opened.artefact, "cars", 2), "here/replay")
    rates: dict[str, list[float]] = {"engine": [], "kept": [], "topic": []}
    for window in windows:
        rates["engine"].append(measure_engine(stand, answering, window))
        for source in ("topic", "kept"):
            rates[source].append(measure_replay(stand, window, source))
    ratios = {
        name: [rate / engine for rate, engine in zip(rates[name], rates["engine"], strict=True) if rate]
        for name in ("kept", "topic")
    }
    return {
        "fps": {name: [round(rate, 1) for rate in found] for name, found in rates.items()},
        "of_engine": {name: round(statistics.median(found), 3) for name, found in ratios.items() if found},
    }


def measure_engine(stand: Stand, answering: Answering, window: ReplayWindow) -> float:
    """The same threads at the same priority on pictures in memory; nothing is stored."""
    frames = [f for part in plan_parts(stand.store, window) for f in load_frames(stand.store, window, part, None)]
    found = [Found(frame, "kept", stand.pictures[n % len(stand.pictures)]) for n, frame in enumerate(frames)]

    def answer() -> Iterator[int]:
        give_way()
        for tally, _ in answering.answer(found):
            yield tally.answered

    began = time.monotonic()
    return sum(read_ahead(answer())) / (time.monotonic() - began)


def measure_replay(stand: Stand, window: ReplayWindow, source: Source) -> float:
    """0 where the worker kept nothing."""
    report = replay_window(Asked(stand.settings, window, 2, source, anew=True), "local", say)
    return report.fps


def measure_killed(stand: Stand, window: ReplayWindow) -> Figures:
    """By the other version, which nothing was asked of yet."""
    role = "replay-1"
    with replaying(stand, window, 1) as replay:
        frames = sum(part.frames for part in plan_parts(stand.store, window))
        wait_until(lambda: stand.count(role) > frames // 3, timeout_seconds=600, what="a third of the rows")
        replay.kill()
        replay.wait(30)
    before, resumed_at = stand.count(role), datetime.now(UTC)
    with replaying(stand, window, 1) as again:
        stdout, _ = again.communicate(timeout=1200)
    document = json.loads(stdout)
    return {
        "frames": frames,
        "rows_when_killed": before,
        "rows": stand.count(role),
        "missing": frames - stand.count(role),
        "answered_twice": stand.count(role, predictions.c.predicted_at > resumed_at) - (frames - before),
        "told": {name: document[name] for name in ("resumed", "answered", "source")},
    }


def measure_busy(stand: Stand, window: ReplayWindow, options: argparse.Namespace) -> Figures:
    """Frames a second of a worker that never has none: alone, beside a replay, and alone again, in one go.

    A worker grows slower while it answers a backlog, as the disk fills; so before and after are compared with between.
    """
    rates: dict[str, list[float]] = {"before": [], "beside": [], "after": []}
    replayed = 0
    with running_worker(stand.settings, stand.bootstrap):
        rate = 400.0
        for _ in range(options.rounds):
            stand.send(int(rate * (3 * options.seconds + 15) * 1.3))
            stand.wait_for_rows()
            rate = watch(stand, options.seconds)
            rates["before"].append(rate)
            with replaying(stand, window, 2, "--anew") as replay:
                listen(replay)
                began = datetime.now(UTC)
                rates["beside"].append(watch(stand, options.seconds))
                replayed += stand.count("replay-2", predictions.c.predicted_at > began)
                replay.send_signal(signal.SIGINT)
                replay.communicate(timeout=120)
            rates["after"].append(watch(stand, options.seconds))
    lost = [1 - 2 * between / (one + two) for one, between, two in zip(*rates.values(), strict=True)]
    return {
        "fps": {name: [round(each, 1) for each in found] for name, found in rates.items()},
        "lost": round(statistics.median(lost), 4),
        "replayed_meanwhile": replayed,
    }


def watch(stand: Stand, seconds: float) -> float:
    """Rows of production a second."""
    began, before = time.monotonic(), stand.count("production")
    threading.Event().wait(seconds)
    return (stand.count("production") - before) / (time.monotonic() - began)


def listen(replay: "subprocess.Popen[str]") -> None:
    """Until it has begun: it says that it waits, or how far it is."""
    assert replay.stderr is not None
    for line in replay.stderr:
        say(line.rstrip())
        if "waiting" in line or "a second" in line:
            return


@contextmanager
def replaying(stand: Stand, window: ReplayWindow, version: int, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """The command, as it is typed."""
    settings = stand.settings
    environment = {
        **os.environ,
        "VIGIA_HOME": str(settings.state),
        "VIGIA_KAFKA_BOOTSTRAP": stand.bootstrap,
        "MLFLOW_TRACKING_URI": settings.resolve_tracking_uri(),
    }
    asked = ["--classifier", "cars", "--model", str(version), "--json", *words]
    times = ["--from", window.captured_from.isoformat(), "--to", window.captured_to.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "vigia", "replay-window", *asked, *times],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""Versions that change under load: `python -m docs.measure_swaps [--flips 30] [--fps 100] [--versions 2]`.

A real Kafka, a real MLflow registry and the real `vigia worker`. The alias goes round between two versions while frames
arrive; every row must name a version that held the alias within two seconds of it. With three versions no version is
still loaded when its turn comes, so every move is a load.
"""

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from docs.live_stand import Frames, register, running_worker
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from stream.store import PredictionStore
from stream.tables import model_events, predictions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.models.made_artefact import make_artefact
from tests.waiting import wait_until

HELD_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Flip:
    """A version got the alias."""

    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two rows, and how long before its end the alias was moved and a version swapped; in seconds."""

    length: float
    after_move: float | None
    after_swap: float | None


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What came of it; times in seconds."""

    flips: int
    frames: int
    lost: int
    doubled: int
    strangers: int
    """Rows of a version that did not hold the alias within two seconds of their time."""
    longest_gap: float
    """Between two rows, after the first one."""
    gaps: tuple[Gap, ...]
    """The five longest."""
    first_answers: tuple[float, ...]
    """From each move of the alias to the first row of the version, where one came before the next move."""
    memory_mb: tuple[float, float]
    """Of the worker with one version, and the most later on."""
    events: dict[str, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--fps", type=float, default=100.0)
    parser.add_argument("--versions", type=int, default=2)
    parser.add_argument("--artefact", type=Path, nargs="+", help="Trained artefacts of `cars` instead of drawn ones.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure_swaps(
            Path(folder),
            options.artefact,
            flips=options.flips,
            every_seconds=options.seconds,
            fps=options.fps,
            made=options.versions,
        )
    text = json.dumps(asdict(report), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure_swaps(
    home: Path, artefacts: Sequence[Path] | None = None, *, flips: int, every_seconds: float, fps: float, made: int = 2
) -> SwapReport:
    """Run it in `home`; takes `flips * every_seconds` and what starting takes."""
    artefacts = artefacts or [make_artefact(home / f"made-{n}", sharpness=n) for n in range(1, made + 1)]
    settings = Settings(home=home / "home", mlflow_tracking_uri=f"sqlite:///{home / 'mlflow.db'}")
    settings.state.mkdir(parents=True)
    store = PredictionStore(settings.resolve_database_url())
    versions = [register(settings, artefact) for artefact in artefacts]
    registry = open_registry(settings)
    registry.point("cars", "production", versions[0])
    with EmbeddedKafka(home / "kafka") as kafka, running_worker(settings, kafka.bootstrap) as worker:
        wait_until(lambda: _state(settings) == "serving", timeout_seconds=90, what="a worker that serves")
        frames = Frames(kafka.bootstrap, fps)
        frames.start()
        wait_until(lambda: len(read_rows(store)) > fps, timeout_seconds=60, what="rows")
        memory = Memory(worker)
        moves = flip(registry, versions, flips, every_seconds)
        sent = frames.stop()
        wait_until(lambda: len(read_rows(store)) >= sent, timeout_seconds=60, what=f"{sent} rows")
        most = memory.stop()
    return build_report(moves, sent, store, memory=(memory.first, most))


def flip(registry: Registry, versions: Sequence[int], flips: int, every_seconds: float) -> list[Flip]:
    """Each move with the time at which the registry had taken it."""
    moves, pause = [Flip(datetime.now(UTC) - timedelta(days=1), versions[0])], threading.Event()
    due = time.monotonic()
    for number in range(1, flips + 1):
        version = versions[number % len(versions)]
        began = datetime.now(UTC)
        registry.point("cars", "production", version)
        moves.append(Flip(began, version))
        due += every_seconds
        pause.wait(max(0.0, due - time.monotonic()))
    pause.wait(4)  # the last one shall serve too
    return moves


def build_report(moves: Sequence[Flip], sent: int, store: PredictionStore, memory: tuple[float, float]) -> SwapReport:
    rows = sorted(read_rows(store), key=lambda row: row.predicted_at)
    times = [row.predicted_at for row in rows]
    swaps = [row.at for row in store.read(select(model_events)) if row.event == "swapped"]
    gaps = sorted(find_gaps(times, [move.at for move in moves[1:]], swaps), key=lambda gap: -gap.length)
    frames = Counter(row.frame_id for row in rows)
    return SwapReport(
        flips=len(moves) - 1,
        frames=sent,
        lost=sent - len(frames),
        doubled=sum(count > 1 for count in frames.values()),
        strangers=sum(not was_held(moves, row.model_version, row.predicted_at) for row in rows),
        longest_gap=gaps[0].length,
        gaps=tuple(gaps[:5]),
        first_answers=tuple(first_answers(moves, rows)),
        memory_mb=memory,
        events=dict(Counter(row.event for row in store.read(select(model_events)))),
    )


def find_gaps(times: Sequence[datetime], moves: Sequence[datetime], swaps: Sequence[datetime]) -> Iterator[Gap]:
    def since(marks: Sequence[datetime], at: datetime) -> float | None:
        before = [mark for mark in marks if mark <= at]
        return round((at - max(before)).total_seconds(), 2) if before else None

    for earlier, later in pairwise(times):
        yield Gap(round((later - earlier).total_seconds(), 3), since(moves, later), since(swaps, later))


def was_held(moves: Sequence[Flip], version: int, at: datetime) -> bool:
    """Whether the version held the alias at some time within two seconds before or after."""
    ends = [*(move.at for move in moves[1:]), datetime.max.replace(tzinfo=UTC)]
    return any(
        move.version == version and move.at - HELD_WITHIN <= at <= (end if end.year == 9999 else end + HELD_WITHIN)
        for move, end in zip(moves, ends, strict=True)
    )


def first_answers(moves: Sequence[Flip], rows: Sequence[Any]) -> Iterator[float]:
    ends = [*(move.at for move in moves[1:]), datetime.max.replace(tzinfo=UTC)]
    for move, end in list(zip(moves, ends, strict=True))[1:]:
        answers = (r.predicted_at for r in rows if r.model_version == move.version and move.at < r.predicted_at < end)
        if (first := next(answers, None)) is not None:
            yield round((first - move.at).total_seconds(), 2)


def read_rows(store: PredictionStore) -> Sequence[Any]:
    return store.read(select(predictions.c.frame_id, predictions.c.model_version, predictions.c.predicted_at))


class Memory:
    """The most that a process holds, looked at ten times a second."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._stopping = threading.Event()
        self.first = self._look()
        self._most = self.first
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._stopping.set()
        self._thread.join()
        return self._most

    def _run(self) -> None:
        while not self._stopping.wait(0.1):
            self._most = max(self._most, self._look())

    def _look(self) -> float:
        return round(float(self._process.memory_info().rss) / 1e6, 1)


def _state(settings: Settings) -> str:
    file = settings.state / "workers" / "1.json"
    return str(json.loads(file.read_text()).get("state")) if file.exists() else ""


if __name__ == "__main__":
    main()

"""One lane in one round: started, watched, ended, and its figures."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.bench.model import BenchModel
from pipelines.bench.parity import LaneParity, compare_answers
from stream.bench.broker import BenchBroker, Region, start_group
from stream.bench.lanes.order import LaneName, Order
from stream.bench.measuring import count_doubled, count_lost, find_window, said_of
from stream.bench.processes import Running, run_lane
from stream.bench.rows import LaneRows
from stream.bench.watching import Watch

START_SECONDS: Final = 180.0
JOIN_SECONDS: Final = 15.0
"""From a lane's first answer until all its processes have their part of the partitions."""
LOOK_SECONDS: Final = 0.25
"""Between two looks at the rows, until all processes answer."""
SELDOM_SECONDS: Final = 1.0
"""Between two looks at what is measured, which has the processor to itself."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What every lane shares."""

    home: Path
    broker: BenchBroker
    model: BenchModel
    workers: int
    v1: Region
    v2: Region
    seconds: float
    """How long a lane works once all its processes do, if it does not run out of frames."""

    def region(self, lane: LaneName) -> Region:
        """The frames that the lane reads."""
        return self.v1 if lane in ("naive", "ours v1") else self.v2

    def processes(self, lane: LaneName) -> int:
        """The naive system is one, whose engine takes every core by itself."""
        return 1 if lane == "naive" else self.workers

    def orders(self, lane: LaneName, name: str) -> list[Order]:
        """One a process."""
        folder = self.home / name
        return [
            Order(
                lane=lane,
                home=str(folder),
                slot=slot,
                artefact=str(self.model.artefact),
                classifier=self.model.classifier,
                version=self.model.version,
                sha256=digest_artefact(self.model.artefact),
                bootstrap=self.broker.bootstrap,
                group=f"bench-{name}",
                pictures=str(self.home / "pictures"),
                seconds=self.seconds,
            )
            for slot in range(1, self.processes(lane) + 1)
        ]


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it."""

    figures: dict[str, float]
    parity: LaneParity | None = None
    not_counted: str | None = None


def measure_lane(stage: Stage, lane: LaneName, round_: int) -> Measured:
    """Takes the lane's start and its seconds. A lane that fails is told as not counted, with what it said."""
    name = f"{lane.replace(' ', '-')}-{round_}"
    orders = stage.orders(lane, name)
    if lane != "raw":
        start_group(stage.broker.bootstrap, orders[0].group, stage.region(lane).begins)
    rows, began = LaneRows(lane, orders[0].folder), time.time()
    try:
        with run_lane(orders) as running, Watch(running.pids) as watch, Watch([stage.broker.pid]) as broker:
            reason = _wait(stage, lane, running, rows)
        if reason:
            return Measured({}, not_counted=reason)
        return _describe(stage, lane, rows, began, (watch, broker))
    finally:
        rows.close()
        shutil.rmtree(orders[0].folder, ignore_errors=True)


def _wait(stage: Stage, lane: LaneName, running: Running, rows: LaneRows) -> str | None:
    """Until the lane's time is over or it has no more frames; why it failed, if it did."""
    region = stage.region(lane)

    def is_done() -> bool:
        if lane == "raw":
            return running.has_ended()
        progress = rows.progress()
        return bool(progress) and all(progress.get(partition, 0) >= end for partition, end in region.ends.items())

    def has_begun() -> bool:
        return bool(rows.progress()) or is_done()

    def all_have_begun() -> bool:
        return rows.count_processes() >= stage.processes(lane) or is_done()

    if not _poll(has_begun, START_SECONDS, running):
        return running.failure() or f"it answered nothing within {START_SECONDS:g} s"
    if lane != "raw":
        _poll(all_have_begun, JOIN_SECONDS, running)
    _poll(is_done, START_SECONDS if lane == "raw" else stage.seconds, running, every=SELDOM_SECONDS)
    return running.failure()


def _poll(condition: Callable[[], bool], seconds: float, running: Running, every: float = LOOK_SECONDS) -> bool:
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if running.failure() or time.monotonic() > deadline:
            return False
        pause.wait(every)
    return True


def _describe(
    stage: Stage, lane: LaneName, rows: LaneRows, started_at: float, watches: tuple[Watch, Watch]
) -> Measured:
    region = stage.region(lane)
    answered = rows.answered(region)
    ends = {str(partition): end for partition, end in region.ends.items()}
    watch, broker = watches
    window = find_window(
        answered,
        None if lane == "raw" else ends,
        processes=stage.processes(lane),
        watched_until=watch.looks[-1].at,
    )
    if window is None:
        return Measured({}, not_counted="it answered too few frames to tell how fast it is")
    figures = {
        "fps": window.fps,
        "cpu_seconds_per_frame": watch.cpu_between(window.began, window.ended) / window.frames,
        "frames": float(window.frames),
        "steady": float(window.steady),
        "processes": float(len({each.process for each in answered})),
        "peak_rss_mb": watch.peak_rss_mb,
        "peak_pss_mb": watch.peak_pss_mb,
        "start_seconds": min(each.at for each in answered) - started_at,
    }
    if lane != "raw":
        begins = {str(partition): begin for partition, begin in region.begins.items()}
        figures |= {
            "broker_cpu_seconds_per_frame": broker.cpu_between(window.began, window.ended) / window.frames,
            "lost": float(count_lost(answered, begins)),
            "doubled": float(count_doubled(answered)),
        }
    parity = compare_answers(said_of(answered), stage.model.expected["pillow" if lane == "naive" else "ours"])
    precision = "f32" if lane == "naive" else ServingCard.load(stage.model.artefact).precision
    return Measured(figures, parity, parity.why_not(precision))

"""`vigia bench stream`: every lane in turns, then the latency of the one that counts."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import ServingCard
from pipelines.bench.figures import Lane, Round, Spread, ratio, turned
from pipelines.bench.model import BenchModel
from pipelines.bench.report import build_document
from pipelines.errors import StackError
from stream.bench.broker import Region, fill, read_pictures, run_broker
from stream.bench.home import RUN, check_room
from stream.bench.lane import Measured, Stage, measure_lane
from stream.bench.lanes.order import LaneName
from stream.bench.latency.figures import compare_with_engine
from stream.bench.latency.measure import Latency, measure_latency
from stream.broker.embedded import EMBEDDED_VERSION

LANES: Final[tuple[LaneName, ...]] = (
    "naive", "ours v1", "ours v2", "ours without guarantee", "confluent", "raw",
)  # fmt: skip
RATIOS: Final[dict[str, tuple[LaneName, LaneName]]] = {
    "ours_over_naive": ("ours v1", "naive"),
    "ours_over_raw": ("ours v2", "raw"),
    "ours_over_confluent": ("ours v2", "confluent"),
    "guarantee_on_over_off": ("ours v2", "ours without guarantee"),
}
ABSENT: Final = "confluent-kafka is not installed: `uv pip install -e '.[bench]'` in the clone"
MOST_FRAMES: Final = 20_000
TIMES_WRITTEN: Final = 6
"""The bytes of the frames: once as v2, four thirds as v1, and what is sent to measure latency."""
SPARE: Final = 1.6
"""Frames in the topic, for each that the engine alone could answer in the time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often."""

    rounds: int
    seconds: float
    """Of a lane in a round."""
    workers: int
    frames: int | None = None
    """In the topic for each encoding; None: as many as can be answered in the time."""
    lanes: tuple[LaneName, ...] = LANES
    latency: bool = True


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What came of it."""

    lanes: tuple[Lane, ...]
    ratios: dict[str, Spread | None]
    latency: Latency
    frames: int


Say = Callable[[str], None]


def measure_stream(home: Path, model: BenchModel, plan: Plan, say: Say) -> StreamFigures:
    """Raises BrokerError when Kafka does not start, StackError when there is nothing to read at all."""
    with open_stage(home, model, plan, say) as stage:
        measured: dict[LaneName, list[Measured]] = {}
        absent: set[LaneName] = {name for name in plan.lanes if name == "confluent" and not has_confluent()}
        present = [name for name in plan.lanes if name not in absent]
        for round_ in range(plan.rounds):
            for lane in turned(present, round_):
                found = measure_lane(stage, lane, round_)
                measured.setdefault(lane, []).append(found)
                say(f"round {round_ + 1} of {plan.rounds}, {lane}: {tell(found)}")
        lanes = [
            Lane(name, not_counted=ABSENT) if name in absent else build_lane(name, measured.get(name, []))
            for name in plan.lanes
        ]
        by_name = {lane.name: lane for lane in lanes}
        ours = by_name.get("ours v2")
        latency = Latency()
        if plan.latency and ours is not None and ours.counts:
            latency = measure_latency(stage, ours.spreads()["fps"].median, plan.seconds, plan.rounds, say)
        ratios = {name: ratio(by_name.get(above), by_name.get(below)) for name, (above, below) in RATIOS.items()}
        ratios["ours_over_raw_cpu"] = ratio(by_name.get("raw"), ours, "cpu_seconds_per_frame")
        return StreamFigures(tuple(lanes), ratios, latency, stage.v2.frames)


@contextmanager
def open_stage(home: Path, model: BenchModel, plan: Plan, say: Say) -> Iterator[Stage]:
    """A broker with both encodings in it; both and every lane's home go with the block."""
    with tempfile.TemporaryDirectory(dir=home, prefix=RUN) as folder, run_broker(Path(folder) / "kafka") as broker:
        place = Path(folder)
        shutil.copytree(home / "pictures", place / "pictures")
        pictures = read_pictures(place / "pictures")
        nothing = Region({}, {})
        bare = Stage(place, broker, model, plan.workers, nothing, nothing, plan.seconds)
        frames = plan.frames or count_frames(replace(bare, seconds=min(3.0, plan.seconds)), plan.seconds)
        check_room(place, int(TIMES_WRITTEN * frames * sum(map(len, pictures)) / len(pictures)))
        say(f"{frames} frames for each encoding go into Kafka")
        # v1 lies behind v2: what cannot read v2 begins behind it, and what reads on beyond v2 can read v1
        v2 = fill(broker.bootstrap, pictures, frames, schema=2)
        v1 = fill(broker.bootstrap, pictures, frames, schema=1)
        os.sync()  # or the first lanes would share the disk with what was just written
        yield replace(bare, v1=v1, v2=v2)


def count_frames(bare: Stage, seconds: float) -> int:
    """As many as the engine alone can answer in the time and a little more. Raises StackError when it fails."""
    found = measure_lane(bare, "raw", 99)
    if "fps" not in found.figures:
        raise StackError(f"Expected decoder and engine to answer, they did not: {found.not_counted}.")
    return max(200, min(MOST_FRAMES, int(SPARE * seconds * found.figures["fps"])))


def describe_stream(
    figures: StreamFigures, model: BenchModel, plan: Plan, machine: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of `vigia bench stream`."""
    raw = next((lane for lane in figures.lanes if lane.name == "raw" and lane.counts), None)
    engine_ms = 1000 * raw.spreads()["cpu_seconds_per_frame"].median if raw else None
    return build_document(
        "stream",
        figures.lanes,
        figures.ratios,
        machine,
        latency_ms=compare_with_engine(figures.latency.rates, engine_ms),
        model=model.name,
        precision=ServingCard.load(model.artefact).precision,
        rounds=plan.rounds,
        workers=plan.workers,
        seconds=plan.seconds,
        frames=figures.frames,
        engine_ms_per_frame=round(engine_ms, 3) if engine_ms else None,
        light_load=figures.latency.light,
        overload=figures.latency.overload,
        latency_not_counted=figures.latency.not_counted,
        kafka=EMBEDDED_VERSION,
    )


def build_lane(name: str, measured: Sequence[Measured]) -> Lane:
    """All rounds of a lane; one of them that does not count spoils it."""
    reason = next((each.not_counted for each in measured if each.not_counted), None)
    rounds: tuple[Round, ...] = tuple(each.figures for each in measured if each.figures)
    worst = max((each.parity for each in measured if each.parity), key=lambda each: each.max_difference, default=None)
    about: dict[str, Any] = {"parity": asdict(worst) if worst else None}
    return Lane(name, rounds, about, reason if measured else "it was not measured")


def has_confluent() -> bool:
    """An extra: what is measured against needs not be installed to run Vigía."""
    return importlib.util.find_spec("confluent_kafka") is not None


def tell(measured: Measured) -> str:
    """A line for the person who waits."""
    figures = measured.figures
    if not figures:
        return f"not counted: {measured.not_counted}"
    words = f"{figures['fps']:.1f} frames/s, {1000 * figures['cpu_seconds_per_frame']:.2f} CPU-ms a frame"
    return words + (f", not counted: {measured.not_counted}" if measured.not_counted else "")

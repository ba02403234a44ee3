"""From captured to stored at steady rates, what batches cost under light load, and what a flood does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pipelines.bench.figures import spread
from pipelines.errors import StackError
from stream.bench.lane import Stage
from stream.bench.lanes.order import LaneName
from stream.bench.latency.answers import read_answers
from stream.bench.latency.figures import SHARES, choose_rates, describe_latency, describe_overload
from stream.bench.latency.load import Load
from stream.bench.latency.serving import send, serving
from stream.store import PredictionStore

OVERLOAD: Final = 5.0
LEAST_FPS: Final = 10.0
MOST_LIGHT_ROUNDS: Final = 3
"""Each starts workers twice."""
LIGHT_LANES: Final[tuple[LaneName, LaneName]] = ("ours v2", "ours unbatched")


@dataclass(slots=True)
class Latency:
    """Of `ours v2`."""

    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    """By rate the percentiles in milliseconds."""
    light: dict[str, Any] = field(default_factory=dict)
    """At the lowest rate, with batches and with every frame by itself."""
    overload: dict[str, float] = field(default_factory=dict)
    not_counted: str | None = None
    """Why there are no more figures."""


def measure_latency(stage: Stage, peak: float, seconds: float, rounds: int, say: Callable[[str], None]) -> Latency:
    """Each rate for so long, then five times the peak of realtime frames, then light load on two kinds of workers."""
    latency = Latency()
    try:
        with serving(stage, "ours v2", "latency") as served:
            _warm(stage, peak, seconds, served.store)
            for name, fps in choose_rates(peak).items():
                latency.rates[name] = _measure_rate(stage, Load(fps, seconds, f"at{len(latency.rates)}"), served.store)
                say(f"{name}: {latency.rates[name]}")
            sent = send(stage, Load(OVERLOAD * peak, seconds, "flood", "realtime"), served.store)
            flood = read_answers(stage.broker.bootstrap, "flood")
            latency.overload = describe_overload(flood, sent, peak, seconds)
            say(f"{OVERLOAD:g} times the peak: {latency.overload}")
        latency.light = _compare_light(stage, peak, seconds, min(rounds, MOST_LIGHT_ROUNDS), say)
    except StackError as error:  # the lanes are measured: what is known of them is told all the same
        latency.not_counted = str(error)
        say(f"not measured: {error}")
    return latency


def _compare_light(
    stage: Stage, peak: float, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Both kinds in turns, each in workers of its own; a round's ratio is of what was measured one after the other."""
    fps = max(LEAST_FPS, SHARES[0] * peak)
    found: dict[LaneName, list[dict[str, float]]] = {lane: [] for lane in LIGHT_LANES}
    for round_ in range(rounds):
        for lane in LIGHT_LANES if round_ % 2 == 0 else LIGHT_LANES[::-1]:
            run = f"light{round_}{lane.rpartition(' ')[2]}"
            with serving(stage, lane, run) as served:
                _warm(stage, peak, seconds, served.store)
                found[lane].append(_measure_rate(stage, Load(fps, seconds, run), served.store))
            say(f"{fps:.0f} frames/s, {lane}: {found[lane][-1]}")
    batched, single = ([each["p50"] for each in found[lane] if "p50" in each] for lane in LIGHT_LANES)
    ratios = [with_batches / without for with_batches, without in zip(batched, single, strict=False)]
    return {
        "fps": round(fps, 1),
        "p50": round(spread(batched).median, 2) if batched else None,
        "p50_unbatched": round(spread(single).median, 2) if single else None,
        "p50_over_unbatched": round(spread(ratios).median, 3) if ratios else None,
        "lost": sum(int(each.get("lost", 0)) for rounds in found.values() for each in rounds),
    }


def _measure_rate(stage: Stage, load: Load, store: PredictionStore) -> dict[str, float]:
    sent = send(stage, load, store)
    answers = read_answers(stage.broker.bootstrap, load.run)
    if len(answers) < sent.frames:  # all rows are stored; the last answers may still have been on their way
        answers = read_answers(stage.broker.bootstrap, load.run)
    return describe_latency(answers, sent, load.fps, load.seconds)


def _warm(stage: Stage, peak: float, seconds: float, store: PredictionStore) -> None:
    send(stage, Load(max(LEAST_FPS, peak / 2), seconds / 3, "warm"), store)

"""Figures of several rounds: their median with the least and the most, and ratios within a round."""

import math
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeVar

Name = TypeVar("Name", bound=str)
Round = Mapping[str, float]
"""One lane in one round: figure -> value."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over all rounds."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing measured, in every round."""

    name: str
    rounds: tuple[Round, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    """What else there is to say of it, such as its parity."""
    not_counted: str | None = None
    """Why it has no figures, or none that count."""

    @property
    def counts(self) -> bool:
        return self.not_counted is None and bool(self.rounds)

    def spreads(self) -> dict[str, Spread]:
        """By figure; of those that every round has."""
        if not self.rounds:
            return {}
        names = [name for name in self.rounds[0] if all(name in each for each in self.rounds)]
        return {name: spread([each[name] for each in self.rounds]) for name in names}


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(float(median(values)), float(min(values)), float(max(values)))


def ratio(above: Lane | None, below: Lane | None, figure: str = "fps") -> Spread | None:
    """Of the two lanes in the same round: a machine that drifts slows both. None where one of them does not count."""
    if above is None or below is None or not (above.counts and below.counts):
        return None
    pairs = [
        (first[figure], second[figure])
        for first, second in zip(above.rounds, below.rounds, strict=False)
        if first.get(figure) is not None and second.get(figure)
    ]
    return spread([first / second for first, second in pairs]) if pairs else None


def turned(names: Sequence[Name], round_: int) -> list[Name]:
    """The order of a round: each lane is first once, so that none is always the one that finds the machine warm."""
    place = round_ % len(names) if names else 0
    return [*names[place:], *names[:place]]


def time_passes(once: Callable[[], int], seconds: float) -> dict[str, float]:
    """Rate and processor time of this process over whole passes; `once` answers how many frames one has."""
    done, began, cpu = 0, time.perf_counter(), time.process_time()
    while not done or time.perf_counter() - began < seconds:
        done += once()
    wall, spent = time.perf_counter() - began, time.process_time() - cpu
    return {"fps": done / wall, "cpu_seconds_per_frame": spent / done, "ms_per_frame": 1000 * wall / done}


def time_questions(ask: Callable[[], object], seconds: float, least: int = 3) -> dict[str, float]:
    """The same of one question asked again and again, with quantiles of its milliseconds."""
    took: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    while len(took) < least or time.perf_counter() - began < seconds:
        before = time.perf_counter()
        ask()
        took.append(time.perf_counter() - before)
    wall, spent, took = time.perf_counter() - began, time.process_time() - cpu, sorted(took)
    return {
        "fps": len(took) / wall,
        "cpu_seconds_per_frame": spent / len(took),
        "p50_ms": 1000 * median(took),
        "p95_ms": 1000 * took[math.ceil(0.95 * len(took)) - 1],
    }


def cpu_seconds_with_children() -> float:
    """Processor time of this process and of the children that have ended."""
    return time.process_time() + cpu_seconds_of_children()


def cpu_seconds_of_children() -> float:
    """Of those that have ended, and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime

"""Pieces of work done in turns, each in a fresh folder, and counted when they bring what the others bring."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.bench.figures import Lane, Round, Spread, cpu_seconds_with_children, ratio, turned

SAME_SHARE: Final = 0.99
"""Of what two works bring: a picture between two classes may fall to either side."""


def _do_nothing(_folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One lane's work on all pictures."""

    name: str
    once: Callable[[Path], Any]
    """Is timed; gets an empty folder."""
    outcome: Callable[[Path, Any], Iterable[str]]
    """What `once` left in the folder or answered, one word a picture; not timed."""
    prepare: Callable[[Path], None] = _do_nothing
    """Not timed either."""


def measure_works(
    works: Sequence[Work], home: Path, rounds: int, say: Callable[[str], None], *, warm_up: bool = True
) -> list[Lane]:
    """In turns. The first word of a name is its group: what its members bring must be the same.

    `warm_up`: each is done once before, so that imports and first calls are not measured.
    """
    by_name = {work.name: work for work in works}
    found: dict[str, list[Round]] = {name: [] for name in by_name}
    brought: dict[str, Counter[str]] = {}
    if warm_up:
        for work in works:
            _time(work, home)
            say(f"warmed up: {work.name}")
    for round_ in range(rounds):
        for name in turned(list(by_name), round_):
            figures, outcome = _time(by_name[name], home)
            found[name].append(figures)
            brought[name] = brought.get(name, outcome) & outcome  # what every round brings
        say(f"round {round_ + 1} of {rounds}")
    first: dict[str, Counter[str]] = {}
    for name, outcome in reversed(brought.items()):  # the plain way, which is named last, says what is right
        first.setdefault(group_of(name), outcome)
    return [
        Lane(name, tuple(found[name]), not_counted=_why_not(brought[name], first[group_of(name)])) for name in found
    ]


def group_of(name: str) -> str:
    """`import ours` -> `import`."""
    return name.partition(" ")[0]


def compare_lanes(lanes: Sequence[Lane], pairs: Iterable[tuple[str, str]]) -> dict[str, Spread | None]:
    """Ours over the other one: how many times as many a second, and for how large a part of its processor time."""
    by_name = {lane.name: lane for lane in lanes}
    ratios = {}
    for ours, other in pairs:
        name = f"{ours}_over_{other}".replace(" ", "_")
        ratios[name] = ratio(by_name[ours], by_name[other])
        ratios[f"{name}_in_cpu_time"] = ratio(by_name[ours], by_name[other], "cpu_seconds_per_frame")
    return ratios


def _time(work: Work, home: Path) -> tuple[Round, Counter[str]]:
    with tempfile.TemporaryDirectory(prefix="run-", dir=home) as name:
        folder = Path(name)
        work.prepare(folder)
        began, cpu = time.perf_counter(), cpu_seconds_with_children()
        said = work.once(folder)
        wall, spent = time.perf_counter() - began, cpu_seconds_with_children() - cpu
        outcome = Counter(work.outcome(folder, said))
    done = max(1, outcome.total())
    return {"fps": done / wall, "cpu_seconds_per_frame": spent / done, "ms_per_frame": 1000 * wall / done}, outcome


def _why_not(brought: Counter[str], right: Counter[str]) -> str | None:
    if not right.total() or (same := (brought & right).total() / max(right.total(), brought.total())) < SAME_SHARE:
        return f"it brings {brought.total()} answers, of which {(brought & right).total()} are as they should be"
    return None if same else "it brings nothing"

"""How long a person waits: for `vigia --help`, and for `vigia up --detach` on a new home and on one that was used."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipelines.bench.figures import Lane, Round, Spread, cpu_seconds_of_children, ratio, turned
from pipelines.errors import StackError

HELP: Final = ("-m", "vigia", "--help")
HELP_CALLS: Final = 5
"""In one round; the median of them is its figure."""
UP: Final = ("-m", "vigia", "up", "--detach")
DOWN: Final = ("-m", "vigia", "down")
PATIENCE_SECONDS: Final = 300


def measure_starts(home: Path, rounds: int, say: Callable[[str], None], *, up: bool = True) -> list[Lane]:
    """In turns. Each `up` gets a home of its own with free ports, and is ended before the next thing begins.

    Raises StackError when the stack does not come up.
    """
    calls = {"help ours": HELP, "help python": ("-c", "pass")}
    lanes: dict[str, list[Round]] = {name: [] for name in calls}
    for round_ in range(rounds):
        for name in turned(list(calls), round_):
            lanes[name].append(_measure_calls(calls[name]))
        if up:
            for name, figures in _measure_ups(home).items():
                lanes.setdefault(name, []).append(figures)
        say(f"round {round_ + 1} of {rounds}")
    return [Lane(name, tuple(found)) for name, found in lanes.items()]


def compare_starts(lanes: list[Lane]) -> dict[str, Spread | None]:
    """Seconds and processor time of ours over the other's: less is better."""
    by_name = {lane.name: lane for lane in lanes}
    pairs = (("help ours", "help python"), ("up warm", "up fresh"))
    ratios = {}
    for ours, other in pairs:
        name = f"{ours}_over_{other}".replace(" ", "_")
        ratios[f"{name}_in_seconds"] = ratio(by_name.get(ours), by_name.get(other), "seconds")
        ratios[f"{name}_in_cpu_time"] = ratio(by_name.get(ours), by_name.get(other), "cpu_seconds_per_frame")
    return ratios


def _measure_calls(words: tuple[str, ...]) -> Round:
    found = sorted((_run(words, os.environ) for _ in range(HELP_CALLS)), key=lambda each: each["cpu_seconds_per_frame"])
    return found[len(found) // 2]


def _measure_ups(home: Path) -> dict[str, Round]:
    """A home that did not exist, then the same one again."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIA_")}
    figures: dict[str, Round] = {}
    with tempfile.TemporaryDirectory(prefix="run-", dir=home) as name, _ending_when_told():
        environment = {**kept, "VIGIA_HOME": name, "VIGIA_PORTS": "auto"}
        for lane in ("up fresh", "up warm"):
            try:
                told = dict(_run(UP, environment))
                told["cpu_seconds_per_frame"] += _cpu_seconds_at(name)
                figures[lane] = told
            finally:
                _run(DOWN, environment)
    return figures


@contextmanager
def _ending_when_told() -> Iterator[None]:
    """By a SIGTERM as by a Ctrl-C: a detached stack outlives whoever started it and does not end it."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(words: tuple[str, ...], environment: Mapping[str, str]) -> Round:
    began, cpu = time.perf_counter(), cpu_seconds_of_children()
    try:
        done = subprocess.run(
            [sys.executable, *words],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"Expected `vigia up` within {PATIENCE_SECONDS} s. Look at its logs.") from error
    wall = time.perf_counter() - began
    if done.returncode:
        said = " ".join((done.stderr.strip().splitlines() or ["nothing"])[-1].split())[:300]
        raise StackError(f"Expected `{' '.join(words)}` to end with 0, it ended with {done.returncode}: {said}")
    return {"fps": 1 / wall, "seconds": wall, "cpu_seconds_per_frame": cpu_seconds_of_children() - cpu}


def _cpu_seconds_at(home: str) -> float:
    """Of the processes that work on this home, and of what they have waited for."""
    import psutil

    spent = 0.0
    for process in psutil.process_iter(["environ", "cpu_times"]):
        if (process.info["environ"] or {}).get("VIGIA_HOME") == home and process.info["cpu_times"]:
            times = process.info["cpu_times"]
            spent += times.user + times.system + times.children_user + times.children_system
    return spent

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bench.figures import (
    Lane,
    Spread,
    cpu_seconds_with_children,
    ratio,
    spread,
    time_passes,
    time_questions,
    turned,
)


def lane(name: str, *fps: float, not_counted: str | None = None) -> Lane:
    return Lane(name, tuple({"fps": each} for each in fps), not_counted=not_counted)


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    assert spread([5, 1, 9]) == Spread(5, 1, 9)


def test_a_ratio_compares_lanes_within_a_round_so_that_a_drifting_machine_does_not_matter() -> None:
    ours, theirs = lane("ours", 100, 50, 200), lane("theirs", 50, 25, 100)

    assert ratio(ours, theirs) == Spread(2, 2, 2)


def test_a_lane_that_does_not_count_has_no_ratio() -> None:
    assert ratio(lane("ours", 100, not_counted="it answers wrongly"), lane("theirs", 50)) is None
    assert ratio(lane("ours", 100), lane("theirs")) is None
    assert ratio(None, lane("theirs", 50)) is None


def test_only_figures_that_every_round_has_are_told() -> None:
    measured = Lane("ours", ({"fps": 1.0, "lost": 0.0}, {"fps": 3.0}))

    assert measured.spreads() == {"fps": Spread(2, 1, 3)}


@given(st.lists(st.text(), min_size=1, unique=True), st.integers(0, 50))
def test_every_round_has_every_lane_once(names: list[str], round_: int) -> None:
    assert sorted(turned(names, round_)) == sorted(names)


@given(st.lists(st.text(), min_size=1, max_size=6, unique=True))
def test_each_lane_is_first_once(names: list[str]) -> None:
    assert {turned(names, round_)[0] for round_ in range(len(names))} == set(names)


def test_whole_passes_are_timed() -> None:
    passes = []

    def once() -> int:
        passes.append(1)
        return 4

    timed = time_passes(once, seconds=0)

    assert len(passes) == 1
    assert timed["fps"] * timed["ms_per_frame"] == pytest.approx(1000)


def test_a_question_is_asked_often_enough_for_its_quantiles() -> None:
    asked: list[int] = []

    figures = time_questions(lambda: asked.append(1), 0.0, least=7)

    assert len(asked) == 7
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["cpu_seconds_per_frame"] >= 0


def test_processor_time_of_children_that_have_ended_counts() -> None:
    before = cpu_seconds_with_children()

    subprocess.run([sys.executable, "-c", "sum(range(2_000_000))"], check=True)

    assert cpu_seconds_with_children() > before + 0.005

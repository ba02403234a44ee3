import os

import pytest

from stream.bench.watching import Look, Watch, cpu_at
from tests.waiting import wait_until

LOOKS = [Look(10.0, 1.0), Look(12.0, 3.0), Look(13.0, 3.0)]


@pytest.mark.parametrize(("at", "seconds"), [(9, 1), (10, 1), (11, 2), (12, 3), (12.5, 3), (99, 3)])
def test_between_two_looks_time_is_told_in_proportion(at: float, seconds: float) -> None:
    assert cpu_at(LOOKS, at) == pytest.approx(seconds)


def test_without_a_look_nothing_is_known() -> None:
    assert cpu_at([], 5.0) == 0.0


def test_this_process_is_seen_to_work_and_to_need_memory() -> None:
    with Watch([os.getpid()]) as watch:

        def work() -> bool:
            sum(range(200_000))
            return len(watch.looks) > 1 and watch.looks[-1].cpu_seconds > watch.looks[0].cpu_seconds

        wait_until(work, timeout_seconds=60, what="processor time")

    assert watch.cpu_between(watch.looks[0].at, watch.looks[-1].at) > 0
    assert watch.peak_rss_mb > 10


def test_a_process_that_is_gone_is_no_error() -> None:
    with Watch([]) as watch:
        pass

    assert watch.looks[-1].cpu_seconds == 0

from collections.abc import Sequence

import pytest

from stream.bench.lanes.order import Answered
from stream.bench.measuring import count_doubled, count_lost, find_window, percentiles, said_of


def answered(at: float, place: int, *, process: str = "1", share: str = "0") -> Answered:
    return Answered(at, process, share, place, f"{place}.jpg", "cat", 0.9)


def steadily(count: int, *, process: str = "1", share: str = "0", since: float = 0.0) -> list[Answered]:
    return [answered(since + number / 10, number, process=process, share=share) for number in range(count)]


def test_the_first_quarter_is_not_counted() -> None:
    window = find_window(steadily(101))

    assert window is not None
    assert (window.began, window.ended, window.frames, window.steady) == (2.5, 10.0, 75, True)
    assert window.fps == pytest.approx(10)


def test_what_was_answered_before_every_process_worked_is_not_counted() -> None:
    both = [*steadily(101), *steadily(61, process="2", share="1", since=4.0)]

    window = find_window(both, processes=2)

    assert window is not None
    assert window.began > 4.0
    assert window.fps == pytest.approx(20, rel=0.02)


def test_it_ends_when_the_first_partition_has_no_more_frames() -> None:
    both = [*steadily(41, share="0"), *steadily(101, share="1", since=0.05)]

    window = find_window(both, {"0": 41, "1": 101})

    assert window is not None
    assert window.ended == 4.0


def test_what_nobody_watched_is_not_counted() -> None:
    window = find_window(steadily(101), watched_until=5.0)

    assert window is not None
    assert window.ended == 5.0


def test_a_batch_is_answered_at_one_time() -> None:
    batches = [answered(float(batch), batch * 8 + place) for batch in range(9) for place in range(8)]

    window = find_window(batches)

    assert window is not None
    assert window.fps == pytest.approx(8)


@pytest.mark.parametrize("processes", [1, 2])
def test_too_few_frames_are_counted_but_not_called_steady(processes: int) -> None:
    late = answered(9.0, 9, process="2")

    window = find_window([*steadily(9), late] if processes == 2 else steadily(9), processes=2)

    assert window is not None
    assert not window.steady


@pytest.mark.parametrize("few", [[], [answered(1.0, 0)]])
def test_without_two_answers_there_is_no_rate(few: Sequence[Answered]) -> None:
    assert find_window(few) is None


def test_a_frame_that_was_passed_over_is_lost_and_one_that_was_not_reached_is_not() -> None:
    found = [answered(1.0, place) for place in (10, 11, 13)]

    assert count_lost(found, {"0": 10, "1": 500}) == 1
    assert count_lost(found, {"0": 9, "1": 500}) == 2


def test_two_rows_of_one_frame_are_doubled() -> None:
    assert count_doubled([answered(1.0, 1), answered(2.0, 1), answered(2.0, 1, share="1")]) == 1


def test_what_was_said_names_the_picture() -> None:
    assert said_of([answered(1.0, 3)])[0].picture == "3.jpg"


def test_percentiles() -> None:
    assert percentiles([float(value) for value in range(101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}

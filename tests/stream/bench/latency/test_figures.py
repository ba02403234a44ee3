import pytest

from stream.bench.latency.answers import Delivered
from stream.bench.latency.figures import choose_rates, compare_with_engine, describe_latency, describe_overload
from stream.bench.latency.load import Sent


def answers(count: int, delay: float = 0.02, fps: float = 10.0) -> list[Delivered]:
    return [Delivered("run", number / fps, number / fps + delay) for number in range(count)]


def test_rates_are_parts_of_the_peak_and_a_hundred() -> None:
    assert choose_rates(400) == {"10% of peak": 40, "50% of peak": 200, "80% of peak": 320, "100 fps": 100}


def test_a_rate_that_cannot_be_kept_up_is_not_asked_for() -> None:
    assert "100 fps" not in choose_rates(105)


def test_delays_are_told_in_milliseconds_without_the_first_quarter() -> None:
    slow_start = [Delivered("run", 0.0, 9.0), *answers(40)[1:]]

    told = describe_latency(slow_start, sent=Sent(41), fps=10, seconds=4)

    assert told["p99"] == pytest.approx(20)
    assert told["frames"] == 30
    assert told["lost"] == 1


def test_no_answer_at_all_is_told() -> None:
    assert describe_latency([], sent=Sent(9), fps=10, seconds=1)["frames"] == 0
    assert describe_overload([], sent=Sent(9), peak=10, seconds=1)["frames"] == 0


def test_overload_is_judged_while_frames_come() -> None:
    late = Delivered("run", 3.0, 99.0)

    told = describe_overload([*answers(41, delay=0.4), late], sent=Sent(200, cpu_seconds=2.0), peak=10, seconds=4)

    assert told["oldest_seconds"] == pytest.approx(0.4)
    assert told["throughput_over_peak"] == pytest.approx(1.0, abs=0.1)
    assert told["sent_fps"] == 50
    assert told["sender_cores"] == 0.5


def test_a_frame_that_was_answered_twice_is_no_lost_one() -> None:
    told = describe_latency([*answers(40), *answers(2)], sent=Sent(41, late_ms_p99=0.4), fps=10, seconds=4)

    assert (told["lost"], told["doubled"], told["sent_late_p99"]) == (1, 2, 0.4)


def test_delays_are_compared_with_what_the_engine_alone_needs() -> None:
    rates = {"50% of peak": {"p50": 5.0, "p95": 6.0, "p99": 7.5}, "10% of peak": {"frames": 0.0}}

    told = compare_with_engine(rates, 2.5)

    assert (told["50% of peak"]["p50_over_engine"], told["50% of peak"]["p99_over_engine"]) == (2.0, 3.0)
    assert told["10% of peak"] == {"frames": 0.0}
    assert compare_with_engine(rates, None) == rates

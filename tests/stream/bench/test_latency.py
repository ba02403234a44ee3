from datetime import UTC, datetime

import orjson
import pytest

from stream.bench.latency import Delivered, choose_rates, describe_latency, describe_overload, read_answer


def answers(count: int, delay: float = 0.02, fps: float = 10.0) -> list[Delivered]:
    return [Delivered("run", number / fps, number / fps + delay) for number in range(count)]


def test_rates_are_parts_of_the_peak_and_a_hundred() -> None:
    assert choose_rates(400) == {"10% of peak": 40, "50% of peak": 200, "80% of peak": 320, "100 fps": 100}


def test_a_rate_that_cannot_be_kept_up_is_not_asked_for() -> None:
    assert "100 fps" not in choose_rates(105)


def test_delays_are_told_in_milliseconds_without_the_first_quarter() -> None:
    slow_start = [Delivered("run", 0.0, 9.0), *answers(40)[1:]]

    told = describe_latency(slow_start, sent=41, fps=10, seconds=4)

    assert told["p99"] == pytest.approx(20)
    assert told["frames"] == 30
    assert told["lost"] == 1


def test_no_answer_at_all_is_told() -> None:
    assert describe_latency([], sent=9, fps=10, seconds=1)["frames"] == 0
    assert describe_overload([], sent=9, peak=10, seconds=1)["frames"] == 0


def test_overload_is_judged_while_frames_come() -> None:
    late = Delivered("run", 3.0, 99.0)

    told = describe_overload([*answers(41, delay=0.4), late], sent=200, peak=10, seconds=4)

    assert told["oldest_seconds"] == pytest.approx(0.4)
    assert told["throughput_over_peak"] == pytest.approx(1.0, abs=0.1)
    assert told["sent_fps"] == 50


def test_an_answer_is_read_from_its_message() -> None:
    captured = datetime(2025, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    value = orjson.dumps({"frame_id": "at1-17", "captured_at": "2025-06-01T12:00:00.250000Z"})

    told = read_answer(value, int(captured.timestamp() * 1000) + 30)

    assert told.run == "at1"
    assert told.stored_at - told.captured_at == pytest.approx(0.03)

from stream.monitoring.recent import RecentFrames


def test_percentiles_are_those_of_the_last_minute() -> None:
    now = [0.0]
    recent = RecentFrames(clock=lambda: now[0])
    recent.add([9.0] * 50, 50)
    now[0] = 61.0
    recent.add([0.01 * n for n in range(1, 101)], 100)

    assert recent.percentiles_ms() == {"p50": 505.0, "p95": 950.5, "p99": 990.1}


def test_frames_a_second_are_those_of_the_last_ten_seconds() -> None:
    now = [0.0]
    recent = RecentFrames(clock=lambda: now[0])
    now[0] = 4.0
    recent.add([0.1] * 40, 40)
    assert recent.frames_per_second() == 10.0

    now[0] = 12.0
    recent.add([0.1] * 10, 20)
    assert recent.frames_per_second() == 6.0
    now[0] = 30.0
    assert recent.frames_per_second() == 0.0


def test_without_frames_there_is_no_percentile() -> None:
    assert RecentFrames().percentiles_ms() == {}

from stream.monitoring.lag import LagHistory


def history_of(*readings: dict[int, int]) -> LagHistory:
    """One reading every five seconds."""
    now = [0.0]
    history = LagHistory(clock=lambda: now[0])
    for reading in readings:
        history.add(reading)
        now[0] += 5
    return history


def test_a_lag_that_grows_is_said_with_its_rate() -> None:
    history = history_of({0: 0, 1: 100}, {0: 20, 1: 120}, {0: 40, 1: 140})

    assert history.growth_per_second() == 8.0
    assert history.check().ok
    assert history.check().reason == "growing: 180 frames wait, 8.0 more each second"


def test_a_lag_that_shrinks_or_is_small_is_nothing_to_say() -> None:
    assert history_of({0: 500}, {0: 300}, {0: 100}).check().reason == ""
    assert history_of({0: 0}, {0: 20}, {0: 40}).check().reason == ""


def test_partitions_that_came_in_a_rebalance_are_no_growth() -> None:
    history = history_of({0: 10}, {0: 10}, {0: 10, 1: 5000}, {0: 10, 1: 5000})

    assert history.growth_per_second() == 0.0
    assert history.latest == {0: 10, 1: 5000}


def test_readings_older_than_a_minute_are_forgotten() -> None:
    history = history_of({0: 10_000}, *({0: 100} for _ in range(20)))

    assert history.growth_per_second() == 0.0


def test_nothing_is_known_before_the_broker_was_asked() -> None:
    assert LagHistory().latest is None
    assert LagHistory().check().ok

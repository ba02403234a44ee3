from datetime import UTC, datetime, timedelta

import pytest

from dashboard.activity import SETTLED, SPAN, SpanHistory, quantile
from dashboard.queries import build_engine
from tests.dashboard.made_home import MadeHome

NOW = datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC)


def seconds_ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_every_minute_is_there_also_the_empty_ones(home: MadeHome) -> None:
    home.add_predictions(3, at=seconds_ago(1))
    home.add_predictions(4, at=seconds_ago(130))

    with build_engine(home.database_url).connect() as connection:
        activity = SpanHistory().load(connection, NOW, minutes=5)

    assert [minute.predictions for minute in activity.minutes] == [0, 4, 0, 0, 3]
    assert [minute.start.minute for minute in activity.minutes] == [56, 57, 58, 59, 0]
    assert activity.minutes[0].p50_seconds is None


def test_the_last_minute_reaches_back_sixty_seconds(home: MadeHome) -> None:
    home.add_predictions(3, at=seconds_ago(1))
    home.add_predictions(4, at=seconds_ago(50))
    home.add_predictions(5, at=seconds_ago(70))

    with build_engine(home.database_url).connect() as connection:
        activity = SpanHistory().load(connection, NOW, minutes=5)

    assert activity.last_minute.predictions == 7


def test_a_steady_rate_reads_steady_at_every_second(home: MadeHome) -> None:
    for second in range(130):
        home.add_predictions(2, at=seconds_ago(second + 0.5))
    history = SpanHistory()

    with build_engine(home.database_url).connect() as connection:
        counts = [
            history.load(connection, seconds_ago(back), minutes=3).last_minute.predictions for back in range(30, 20, -1)
        ]

    # rows after `now` count in the running span: at most one span's worth
    assert min(counts) >= 120
    assert max(counts) <= 120 + 2 * SPAN.total_seconds()


def test_latency_is_the_time_from_capture_to_prediction(home: MadeHome) -> None:
    for milliseconds in (10, 20, 30, 40, 500):
        home.add_predictions(at=seconds_ago(1), captured_at=seconds_ago(1 + milliseconds / 1000))

    with build_engine(home.database_url).connect() as connection:
        minute = SpanHistory().load(connection, NOW, minutes=2).last_minute

    assert minute.p50_seconds == pytest.approx(0.03)
    assert minute.p95_seconds == pytest.approx(0.5)


def test_labels_are_counted_per_classifier_most_frequent_first(home: MadeHome) -> None:
    home.add_predictions(2, label="roca", at=seconds_ago(100))
    home.add_predictions(1, label="roca", at=seconds_ago(1))
    home.add_predictions(2, label="gota", at=seconds_ago(1))
    home.add_predictions(1, label="roca", classifier="dogs", at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        labels = SpanHistory().load(connection, NOW, minutes=5).labels

    assert labels == (("cars", "roca", 3), ("cars", "gota", 2), ("dogs", "roca", 1))


def test_a_challengers_predictions_are_not_counted(home: MadeHome) -> None:
    home.add_predictions(5, role="shadow", at=seconds_ago(1))

    with build_engine(home.database_url).connect() as connection:
        assert SpanHistory().load(connection, NOW, minutes=2).last_minute.predictions == 0


def test_new_rows_count_at_once_and_settled_spans_are_not_read_again(home: MadeHome) -> None:
    history = SpanHistory()
    home.add_predictions(1, at=seconds_ago(1))
    with build_engine(home.database_url).connect() as connection:
        history.load(connection, NOW, minutes=5)
    home.add_predictions(1, at=seconds_ago(0.5))
    home.add_predictions(1, at=NOW - SPAN - SETTLED - timedelta(seconds=60))

    with build_engine(home.database_url).connect() as connection:
        again = history.load(connection, NOW, minutes=5)
        afresh = SpanHistory().load(connection, NOW, minutes=5)

    assert sum(minute.predictions for minute in again.minutes) == 2
    assert sum(minute.predictions for minute in afresh.minutes) == 3


@pytest.mark.parametrize(
    ("values", "share", "expected"), [([], 0.5, None), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0], 0.95, 1.0)]
)
def test_a_quantile_is_one_of_the_values(values: list[float], share: float, expected: float | None) -> None:
    assert quantile(values, share) == expected

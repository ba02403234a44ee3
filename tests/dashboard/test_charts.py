import json
from datetime import UTC, datetime, timedelta

from dashboard.activity import Minute
from dashboard.charts import build_latency_chart, build_rate_chart
from dashboard.words import Words

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTES = [Minute(START, 3, 0.08, 0.12), Minute(START + timedelta(minutes=1), 0, None, None)]


def test_the_specification_stays_the_same_while_the_data_move() -> None:
    later = [Minute(START + timedelta(minutes=9), 400, 2.0, 3.0)]

    for build in (build_rate_chart, build_latency_chart):
        before, after = build(MINUTES, Words("en"), dark=False), build(later, Words("en"), dark=False)

        assert json.dumps(before.spec) == json.dumps(after.spec)
        assert before.table != after.table


def test_bars_are_the_predictions_of_each_minute() -> None:
    table = build_rate_chart(MINUTES, Words("en"), dark=False).table

    assert table.column("predictions").to_pylist() == [3, 0]
    assert table.column("minute").to_pylist() == [START, START + timedelta(minutes=1)]


def test_lines_are_median_and_p95_in_milliseconds_with_gaps() -> None:
    table = build_latency_chart(MINUTES, Words("es"), dark=False).table

    rows = list(zip(table.column("series").to_pylist(), table.column("milliseconds").to_pylist(), strict=True))
    assert rows == [("mediana", 80.0), ("mediana", None), ("p95", 120.0), ("p95", None)]


def test_a_chart_asks_nothing_of_the_network() -> None:
    for build in (build_rate_chart, build_latency_chart):
        assert "http" not in json.dumps(build(MINUTES, Words("en"), dark=True).spec)

from datetime import UTC, datetime, timedelta

from flows.serve import STALE_SECONDS, describe_polling

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_server_that_never_polled_is_not_ready() -> None:
    assert describe_polling(None, NOW)["ready"] is False


def test_a_server_that_polls_is_ready_and_one_that_stopped_is_not() -> None:
    assert describe_polling(NOW - timedelta(seconds=1), NOW) == {"state": "polling", "ready": True}

    stopped = describe_polling(NOW - timedelta(seconds=STALE_SECONDS + 1), NOW)
    assert stopped["ready"] is False
    assert "last polled 21 s ago" in stopped["state"]

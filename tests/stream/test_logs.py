import logging

from stream.logs import RateLimit, WithoutTraceback


def line(name: str = "aiokafka.conn", lineno: int = 1) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "conn.py", lineno, "no route to %s", ("broker",), None)


def test_a_library_that_repeats_itself_is_heard_once_in_a_while_with_the_number_left_out() -> None:
    now = [0.0]
    limit = RateLimit(5.0, clock=lambda: now[0])

    heard = [limit.filter(line()) for _ in range(80)]
    now[0] = 6.0
    later = line()

    assert heard == [True] + [False] * 79
    assert limit.filter(later)
    assert later.getMessage() == "no route to broker (79 more like it since)"


def test_lines_of_other_places_and_our_own_are_never_left_out() -> None:
    limit = RateLimit(5.0, clock=lambda: 0.0)

    assert limit.filter(line(lineno=1))
    assert limit.filter(line(lineno=2))
    assert all(limit.filter(line("stream.worker.worker")) for _ in range(3))


def test_a_failure_keeps_its_line_and_loses_its_traceback() -> None:
    error = ValueError("rubble")
    record = logging.LogRecord(
        "faust", logging.ERROR, "x.py", 1, "Crashed reason=%r", (error,), (ValueError, error, None)
    )

    assert WithoutTraceback().filter(record)
    assert (record.getMessage(), record.exc_info) == ("Crashed reason=ValueError('rubble')", None)

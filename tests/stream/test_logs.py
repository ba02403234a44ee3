import base64
import json
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from stream.logs import RateLimit, WithoutTraceback, configure_logs, frame_extra, shorten
from stream.messages import FRAMES_TOPIC, Position

PLACE = Position(FRAMES_TOPIC, 2, 17)
PAYLOAD = os.urandom(5_000_000)


@pytest.fixture
def restored() -> Iterator[None]:
    """Loggers and hooks as they were."""
    handlers, level, hook = logging.root.handlers[:], logging.root.level, threading.excepthook
    yield
    logging.root.handlers[:], threading.excepthook = handlers, hook
    logging.root.setLevel(level)


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


def test_our_own_lines_about_frames_are_limited_by_place_and_reason() -> None:
    limit = RateLimit(5.0, clock=lambda: 0.0)

    def about_frame(reason: str) -> logging.LogRecord:
        record = line("stream.worker.agent")
        record.__dict__.update(frame_extra(PLACE, reason=reason))
        return record

    heard = [limit.filter(about_frame(reason)) for reason in ("not_json", "not_json", "empty_message", "not_json")]

    assert heard == [True, False, True, False]


@pytest.mark.usefixtures("restored")
def test_a_line_about_a_frame_carries_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    logging.getLogger("stream.x").warning("no picture", extra=frame_extra(PLACE, camera_id="gate", reason="bad"))

    document = json.loads(capsys.readouterr().err)
    expected = {"frame_id": PLACE.frame_id, "camera_id": "gate", "partition": 2, "offset": 17, "reason": "bad"}
    assert {name: document[name] for name in expected} == expected
    assert (document["event"], document["level"]) == ("no picture", "warning")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize(
    "payload", [PAYLOAD, base64.b64encode(PAYLOAD).decode(), PAYLOAD[:300], base64.b64encode(PAYLOAD[:300]).decode()]
)
def test_no_line_holds_a_picture_or_is_longer_than_two_kilobytes(
    capsys: pytest.CaptureFixture[str], log_format: str, payload: bytes | str
) -> None:
    configure_logs(log_format)  # type: ignore[arg-type]  # one of the two

    text = f"Expected a frame, received {payload!r}"
    for _ in range(2):
        logging.getLogger("stream.x").error("failed: %s", ValueError(text), extra=frame_extra(PLACE, camera_id=text))

    (written,) = capsys.readouterr().err.splitlines()
    assert len(written.encode()) < 2000
    assert "Expected a frame" in written
    piece = payload[:20] if isinstance(payload, str) else repr(payload[:20])[2:-1]
    assert piece not in written.replace("\\\\", "\\")


@pytest.mark.parametrize("text", ["\U0001f600" * 5000, "\x00" * 5000, "ñ" * 5000, "word " * 1000, "\\" * 5000])
def test_a_shortened_text_is_short_as_json_too(text: str) -> None:
    assert len(json.dumps(shorten(text, 1000))) < 1100


def test_a_text_stays_on_its_line_and_moves_no_cursor() -> None:
    assert shorten("two\nlines \x1b[31mred", 1000) == "two lines ?[31mred"


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("debug", [False, True])
def test_a_thread_that_ends_with_an_error_says_so_in_one_line_unless_a_developer_asks(
    capsys: pytest.CaptureFixture[str], debug: bool
) -> None:
    configure_logs("console", debug=debug)

    def fail() -> None:
        raise ValueError("rubble")

    thread = threading.Thread(target=fail, name="watchdog")
    thread.start()
    thread.join()

    written = capsys.readouterr().err
    assert "watchdog ended: ValueError: rubble" in written
    assert ("Traceback" in written) is debug
    assert debug or written.count("\n") == 1

"""Logs of the live processes: one short line a thing on stderr, as text or JSON, and never a flood or a picture."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Literal

import structlog

from stream.messages import Position

NOISY: Final = ("aiokafka", "asyncio", "faust", "mode", "kafka", "uvicorn", "python_multipart")
"""Libraries that repeat the same line many times a second while a broker is away or a client sends rubbish."""
QUIET_SECONDS: Final = 5.0
FRAME_FIELDS: Final = ("frame_id", "camera_id", "partition", "offset", "stage", "reason")
"""Fields of a line about a frame; it is rate-limited by the line of code and by the reason."""
LONGEST_EVENT: Final = 1000
LONGEST_FIELD: Final = 120
"""Both as JSON characters. With six fields, a time and a name a line stays below 2 kB."""
_PAYLOAD: Final = re.compile(r"""b'(?:[^'\\]|\\.){40,}'?|b"(?:[^"\\]|\\.){40,}"?|[A-Za-z0-9+/=]{160,}""", re.DOTALL)
"""What looks like bytes or base64 and is too long for a name or a hash."""


def frame_extra(position: Position, *, camera_id: str | None = None, **fields: str) -> dict[str, Any]:
    """`extra=` of a line about a frame; fields are others of FRAME_FIELDS."""
    known = {"frame_id": position.frame_id, "partition": position.partition, "offset": position.offset, **fields}
    return known if camera_id is None else {**known, "camera_id": camera_id}


class RateLimit(logging.Filter):
    """Lets a line of the same place in the code through once in a while; the next one says how many were left out."""

    def __init__(self, seconds: float = QUIET_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(NOISY) and not hasattr(record, "offset"):
            return True
        place = (record.pathname, record.lineno, getattr(record, "reason", ""))
        with self._lock:
            last, left_out = self._seen.get(place, (float("-inf"), 0))
            now = self._clock()
            if now - last < self._seconds:
                self._seen[place] = (last, left_out + 1)
                return False
            self._seen[place] = (now, 0)
        if left_out:
            record.msg = f"{record.getMessage()} ({left_out} more like it since)"
            record.args = None
        return True


class WithoutTraceback(logging.Filter):
    """Keeps a failure's line and leaves out its traceback, which only a developer can use."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.exc_text = None
        record.stack_info = None
        return True


def keep_short(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A processor: no field is long, spreads over lines, moves the terminal's cursor or holds a picture."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = shorten(value, LONGEST_EVENT if name == "event" else LONGEST_FIELD)
    return event


def shorten(text: str, longest: int) -> str:
    """The text on one line, without payloads, at most so many characters as JSON."""
    short = _PAYLOAD.sub(_say_length, text[: 4 * longest])
    if not short.isprintable():
        short = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in short)
    cut = len(short) > longest or len(text) > 4 * longest
    short = short[:longest]
    while len(json.dumps(short)) > longest + 2:
        short, cut = short[: max(len(short) * 4 // 5, 1)], True
    return f"{short}… ({len(text)} characters)" if cut else short


def configure_logs(log_format: Literal["console", "json"], *, debug: bool = False) -> None:
    """Our own lines from INFO, those of the libraries from WARNING; everything on stderr."""
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=FRAME_FIELDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        keep_short,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RateLimit())
    if not debug:
        handler.addFilter(WithoutTraceback())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    threading.excepthook = _say_uncaught
    logging.getLogger("stream").setLevel(logging.INFO)
    # Faust tells the life of its services in the name of the module that holds their class
    logging.getLogger("stream.reading").setLevel(logging.WARNING)


def _say_length(match: re.Match[str]) -> str:
    return f"<{len(match.group())} characters left out>"


def _say_uncaught(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else "a thread"
    kind, error = failure.exc_type, failure.exc_value
    logging.getLogger(__name__).error(
        "%s ended: %s: %s", name, kind.__name__, error, exc_info=error and (kind, error, failure.exc_traceback)
    )

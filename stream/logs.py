"""Logs of the live processes: one line a thing on stderr, as text or JSON, and never a flood."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Literal

import structlog

NOISY: Final = ("aiokafka", "faust", "mode", "kafka", "stream.worker.batches")
"""What repeats the same line many times a second: libraries while a broker is away, batches in a flood of bad input."""
QUIET_SECONDS: Final = 5.0


class RateLimit(logging.Filter):
    """Lets a line of the same place in the code through once in a while; the next one says how many were left out."""

    def __init__(self, seconds: float = QUIET_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(NOISY):
            return True
        place = (record.pathname, record.lineno)
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
        return True


def configure_logs(log_format: Literal["console", "json"], *, debug: bool = False) -> None:
    """Our own lines from INFO, those of the libraries from WARNING; everything on stderr."""
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
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
    logging.getLogger("stream").setLevel(logging.INFO)
    # Faust tells the life of its services in the name of the module that holds their class
    logging.getLogger("stream.worker.app").setLevel(logging.WARNING)

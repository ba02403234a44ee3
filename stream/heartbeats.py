"""Heartbeats: a small file, rewritten every two seconds, that says a process is alive and what it does."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

BEAT_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


class Heartbeat:
    """Writes what `describe` returns, with the time, from a daemon thread until the process ends."""

    def __init__(self, file: Path, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._file = file
        self._describe = describe
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """No more beats; the last one stays and grows old."""
        self._stopped.set()

    def beat(self) -> None:
        """Write once."""
        document = {"at": datetime.now(UTC).isoformat(), "pid": os.getpid(), **self._describe()}
        partial = self._file.with_suffix(".partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            os.replace(partial, self._file)
        except OSError as error:
            log.error("could not write the heartbeat %s: %s", self._file, error)

    def _run(self) -> None:
        while True:
            self.beat()
            if self._stopped.wait(BEAT_SECONDS):
                return

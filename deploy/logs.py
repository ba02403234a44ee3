"""Logs of the services: which there are, and following one while it grows, is emptied or replaced."""

import time
from pathlib import Path
from typing import TextIO

from deploy.plan import log_file, logs_folder
from pipelines.errors import StackError


def find_log(state: Path, service: str) -> Path:
    """Raises StackError naming the logs that there are."""
    names = sorted(file.stem for file in logs_folder(state).glob("*.log"))
    if service not in names:
        raise StackError(
            f"Expected one of {', '.join(names) or 'no log yet (start with `vigia up`)'}, received {service!r}."
        )
    return log_file(state, service)


def follow_log(file: Path, output: TextIO, *, pause_seconds: float = 0.3) -> None:
    """Copy what is appended to the file from now on, until interrupted; an emptied file is read from its start."""
    position = file.stat().st_size
    while True:
        size = file.stat().st_size
        if size < position:
            position = 0
        if size > position:
            with file.open("rb") as log:
                log.seek(position)
                grown = log.read(size - position)
            output.write(grown.decode("utf-8", errors="replace"))
            output.flush()
            position = size
        time.sleep(pause_seconds)

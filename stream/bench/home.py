"""Where a bench keeps the models that it built, and where its run lies while it is measured."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from pipelines.errors import StackError, WorkspaceError
from pipelines.settings import load_settings

RUN: Final = "run-"


@contextmanager
def open_home() -> Iterator[Path]:
    """The folder below VIGIA_HOME, for one bench at a time: two would measure each other. Raises StackError."""
    # a broker that has just started does not know its groups yet; the client tries again and says so
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    home = load_settings().state / "bench"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"Expected to write to {home}, received: {error.strerror}. Move VIGIA_HOME.") from error
    lock = FileLock(home / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StackError(
            f"Expected no other bench in {home}, one is running. Wait for its end, or set VIGIA_HOME."
        ) from error
    try:
        sweep(home)
        yield home
    finally:
        lock.release()


def sweep(home: Path) -> None:
    """Remove what a bench that was killed left: its Kafka may be gigabytes."""
    for left in home.glob(f"{RUN}*"):
        shutil.rmtree(left, ignore_errors=True)


def check_room(home: Path, needed_bytes: int) -> None:
    """Raises WorkspaceError when the disk has less."""
    if (free := shutil.disk_usage(home).free) < needed_bytes:
        raise WorkspaceError(
            f"Expected {needed_bytes / 1e9:.1f} GB for Kafka in {home}, found {free / 1e9:.1f} GB. Make room, measure "
            "with fewer --frames, or move VIGIA_HOME."
        )

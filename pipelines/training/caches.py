"""What trainings keep below VIGIA_HOME to save the next one time; anything here may be deleted at any moment."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from pipelines.datasets.staging import clear_disk_errors

LARGEST_BYTES: Final = 8 * 1024**3
"""Of all entries together; beyond it those that were not used for the longest are deleted."""
DONE: Final = "done"


@contextmanager
def cache_entry(cache: Path, key: str) -> Iterator[Path]:
    """The folder of `key`, locked against other processes; `is_done` says whether an earlier block finished it.

    The block that finds it not done fills it and calls `mark_done`. Raises WorkspaceError on a full disk.
    """
    folder = cache / key
    with clear_disk_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{key}.lock"):
            if not is_done(folder):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            yield folder


def is_done(folder: Path) -> bool:
    """True for an entry that was filled to its end."""
    return (folder / DONE).exists()


def mark_done(folder: Path) -> None:
    """Say that the entry is whole and was used now; make room by the oldest others."""
    (folder / DONE).touch()
    drop_oldest(folder.parent, LARGEST_BYTES, keep=folder)


def drop_oldest(cache: Path, most_bytes: int, keep: Path) -> None:
    """Delete the entries that were not used for the longest until the rest fits; never `keep`."""
    entries = sorted((folder for folder in cache.iterdir() if is_done(folder)), key=_last_use, reverse=True)
    total = _size(keep)
    for folder in (entry for entry in entries if entry != keep):
        total += _size(folder)
        if total > most_bytes:
            shutil.rmtree(folder, ignore_errors=True)


def _last_use(folder: Path) -> float:
    return (folder / DONE).stat().st_mtime


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())

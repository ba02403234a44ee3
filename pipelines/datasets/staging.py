"""Folders that change whole or not at all, and the lock that keeps two imports apart.

Every name ends in `.partial`, which git ignores. `<name>.partial` is being written; `<name>.old.partial` is the version
before, until the new one is recorded; `<name>.gone.partial` only waits to be deleted.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from filelock import FileLock, Timeout

from pipelines.errors import WorkspaceError

Recorded = TypeVar("Recorded")

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT))


@contextmanager
def dataset_lock(workspace: Path) -> Iterator[None]:
    """Held while data/raw changes; a killed process leaves it free. Raises WorkspaceError when another holds it."""
    file = workspace / ".vigia" / "locks" / "datasets.lock"
    with clear_disk_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise WorkspaceError(
            f"Expected to be the only import in {workspace}, another one is running. Wait for it and run again."
        ) from None


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `folder` only when the block ends well."""
    restore_folder(folder)
    with staging_folder(folder) as partial:
        yield partial
        replace_folder(folder, partial, lambda: None)


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, removed at the end unless it was moved into place."""
    partial = folder.with_name(f"{folder.name}.partial")
    with clear_disk_errors(folder.parent):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def replace_folder(folder: Path, staged: Path, record: Callable[[], Recorded]) -> Recorded:
    """Move `staged` into the place of `folder`, then `record` it; whatever goes wrong, the old folder comes back."""
    old = folder.with_name(f"{folder.name}.old.partial")
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(staged, folder)
        recorded = record()
    except BaseException:
        restore_folder(folder, replaced=True)
        raise
    _discard(old)
    return recorded


def recover_folder(folder: Path, record: Path) -> None:
    """After a kill: keep the new folder if `record`, the file that names it, was written; else the old one."""
    old = folder.with_name(f"{folder.name}.old.partial")
    if old.exists() and record.exists() and record.stat().st_mtime >= old.stat().st_ctime:
        _discard(old)
    restore_folder(folder)


def restore_folder(folder: Path, *, replaced: bool = False) -> None:
    """Bring back the folder that an unfinished replacement had moved away.

    With `replaced`, also undo a replacement that had no folder before it.
    """
    old = folder.with_name(f"{folder.name}.old.partial")
    if old.exists() or replaced:
        _discard(folder)
    if old.exists():
        os.replace(old, folder)
    shutil.rmtree(folder.with_name(f"{folder.name}.gone.partial"), ignore_errors=True)


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Raises WorkspaceError when the disk of `folder` has less room."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise WorkspaceError(
            f"Expected {needed_bytes / 1e6:,.0f} MB free on the disk of {folder}, found {free / 1e6:,.0f} MB. "
            "Free some space and run again; nothing was changed."
        )


@contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """A full, read-only or forbidden disk becomes a WorkspaceError of one line."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise WorkspaceError(
                f"Expected room on the disk of {folder}, it is full. Free some space and run again, nothing changed."
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise WorkspaceError(
                f"Expected to write below {folder}, received: {error.strerror} ({error.filename}). Correct the rights."
            ) from error
        raise


@contextmanager
def unchanged_on_failure(file: Path) -> Iterator[None]:
    """Put `file` back as it was when the block fails; from a copy made before, for a full disk takes none later."""
    copy = _copy_of(file)
    with clear_disk_errors(file.parent):
        copy.unlink(missing_ok=True)
        if file.exists():
            shutil.copy2(file, copy)
        try:
            yield
        except BaseException:
            if copy.exists():
                os.replace(copy, file)
            else:
                file.unlink(missing_ok=True)
            raise
        copy.unlink(missing_ok=True)


def forget_copies(*files: Path) -> None:
    """Remove the copies that a kill within `unchanged_on_failure` left."""
    for file in files:
        _copy_of(file).unlink(missing_ok=True)


def _copy_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.before.partial")


def _discard(folder: Path) -> None:
    """Delete a folder that a kill must not leave half deleted under a name that counts."""
    gone = folder.with_name(f"{folder.name.removesuffix('.old.partial')}.gone.partial")
    shutil.rmtree(gone, ignore_errors=True)
    if folder.exists():
        os.replace(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)

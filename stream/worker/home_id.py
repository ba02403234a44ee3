"""An id of a home that no other home has, even one at the same path on a host of the same name."""

import logging
import os
import secrets
from pathlib import Path
from typing import Final

from filelock import FileLock

FILE: Final = "home-id"

log = logging.getLogger(__name__)


def load_home_id(state: Path) -> str:
    """Eight hexadecimal digits, drawn at the first call and kept in a file.

    Two containers may share host name and path, so neither tells them apart. The file remembers where it lies on
    the disk: a home that was copied, in an image or from machine to machine, draws a new id.
    """
    file = state / "workers" / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        known = _read(file)
        if known is not None and known[1] == file.stat().st_ino:
            return known[0]
        if known is not None:
            log.info("this home is a copy of another one, %s; it gets an id of its own", known[0])
        return _draw(file)


def _read(file: Path) -> tuple[str, int] | None:
    try:
        home_id, inode = file.read_text(encoding="ascii").split()
        return home_id, int(inode)
    except (OSError, ValueError):
        return None


def _draw(file: Path) -> str:
    home_id = secrets.token_hex(4)
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="ascii") as stream:
        stream.write(f"{home_id} {os.fstat(stream.fileno()).st_ino}\n")
    os.replace(partial, file)
    return home_id

"""The SQLite file under an engine: one that was moved, removed or replaced must not go on swallowing rows.

SQLite in WAL mode writes happily into a file that has no name any more; its rows are gone when the process ends.
"""

import os
import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

_FILE: Final = "vigia.file"

FileIdentity = tuple[int, int]
"""Device and inode."""


def watch_file(engine: Engine) -> None:
    """Connections of the engine never make the file, and are not used again once the file is another one."""
    path = engine.url.database
    if not path or path == ":memory:":
        return

    def refuse_missing(*_: Any) -> None:
        if identify(path) is None:
            raise sqlite3.OperationalError(f"the file {path} is gone")

    def remember(_: Any, record: Any) -> None:
        record.info[_FILE] = identify(path)

    def compare(_: Any, record: Any, __: Any) -> None:
        if record.info.get(_FILE) != identify(path):
            raise DisconnectionError(f"the file {path} is another one now")

    event.listen(engine, "do_connect", refuse_missing)
    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)


def commit_without_waiting(engine: Engine) -> None:
    """Commits of the engine return before they are on the disk, and hold the file's lock for that much less.

    In WAL mode nothing breaks: a power cut may take the last of them away, each as a whole. Other databases are not
    changed: their writers do not wait for each other.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))


def file_of(connection: Connection) -> FileIdentity | None:
    """The file that this connection opened; None for another kind of database."""
    found: FileIdentity | None = connection.info.get(_FILE)
    return found


def identify(path: str) -> FileIdentity | None:
    """None when nothing lies there."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

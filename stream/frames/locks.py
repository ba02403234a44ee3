"""Locks of one frame store, for every process that shares its index: keeping is shared, removing is alone.

A content must not vanish between "it is there already" and the row that counts on it. Locks live where the index does
(files beside SQLite's, advisory locks of PostgreSQL), so they end with the process that holds them.
"""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import StoreError

FAMILY: Final = zlib.crc32(b"vigia kept frames") >> 1
"""Sets these advisory locks apart from others in the database; each key fits a signed 32-bit integer."""


@dataclass(frozen=True, slots=True)
class StoreLocks:
    """The locks of the frame store at `address`."""

    engine: Engine
    address: str

    @contextmanager
    def shared(self) -> Iterator[None]:
        """While contents are written and their rows after them, or a lease is opened; any number at once."""
        if not self._is_sqlite:
            with self._advisory("shared", "contents"):
                yield
            return
        with self._file("contents") as contents:
            with self._file("gate") as gate:
                fcntl.flock(gate, fcntl.LOCK_EX)
                fcntl.flock(contents, fcntl.LOCK_SH)
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While contents are removed; waits for those who keep, and lets no new one in before it."""
        if not self._is_sqlite:
            with self._advisory("alone", "contents"):
                yield
            return
        with self._file("gate") as gate, self._file("contents") as contents:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(contents, fcntl.LOCK_EX)
            yield

    @contextmanager
    def sweeping(self) -> Iterator[bool]:
        """False when another process sweeps this store."""
        if not self._is_sqlite:
            with self._advisory("try", "sweep") as held:
                yield held
            return
        with self._file("sweep") as sweep:
            held = False
            with suppress(BlockingIOError):
                fcntl.flock(sweep, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
            yield held

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def _file(self, name: str) -> Iterator[int]:
        """Closing it, or the process' end, gives the lock back."""
        file = os.open(f"{self.engine.url.database}.kept-{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield file
        finally:
            os.close(file)

    @contextmanager
    def _advisory(self, how: str, name: str) -> Iterator[bool]:
        take, give = {
            "shared": ("pg_advisory_lock_shared", "pg_advisory_unlock_shared"),
            "alone": ("pg_advisory_lock", "pg_advisory_unlock"),
            "try": ("pg_try_advisory_lock", "pg_advisory_unlock"),
        }[how]
        keys = {
            "family": zlib.crc32(b"vigia kept frames") >> 1,
            "key": zlib.crc32(f"{name} {self.address}".encode()) >> 1,
        }
        try:
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            held = connection.execute(text(f"SELECT {take}(:family, :key)"), keys).scalar() is not False
        except SQLAlchemyError as error:
            raise StoreError(
                f"Expected the prediction store at {self.engine.url!r} to answer. {error}. Check VIGIA_DATABASE_URL."
            ) from error
        with connection:
            try:
                yield held
            finally:
                if held:
                    with suppress(SQLAlchemyError):  # a broken connection has given it back already
                        connection.execute(text(f"SELECT {give}(:family, :key)"), keys)

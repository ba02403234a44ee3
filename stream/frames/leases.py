"""Leases: who reads kept frames says so, and the retention leaves them alone for as long as he reads."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, true, update

from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptFrame, KeptIndex
from stream.frames.locks import StoreLocks
from stream.tables import kept_frame_leases, kept_frames

LEASE_SECONDS: Final = 300.0
"""A reader that died is waited for no longer."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which kept frames a reader wants; None: without that bound."""

    camera_id: str | None = None
    captured_from: datetime | None = None
    captured_to: datetime | None = None
    """Exclusive."""

    def matches(self) -> ColumnElement[bool]:
        """Of the table of kept frames; a frame without a capture time lies in every window."""
        table = kept_frames.c
        conditions: list[ColumnElement[bool]] = [true()]
        if self.camera_id is not None:
            conditions.append(func.coalesce(table.camera_id, "") == self.camera_id)
        if self.captured_from is not None:
            conditions.append(or_(table.captured_at.is_(None), table.captured_at >= self.captured_from))
        if self.captured_to is not None:
            conditions.append(or_(table.captured_at.is_(None), table.captured_at < self.captured_to))
        return and_(*conditions)


@dataclass(slots=True)
class LeasedFrames:
    """The frames of a window while they are leased: each once, the oldest capture first."""

    frames: tuple[KeptFrame, ...]
    _store: FrameStore
    _index: KeptIndex
    _lease_id: str
    _seconds: float
    _renewed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def read(self, frame: KeptFrame) -> bytes:
        """The encoded picture. Raises FrameStoreError when it is gone: deleted by hand, or read too late."""
        if datetime.now(UTC) - self._renewed_at > timedelta(seconds=self._seconds / 3):
            self.renew()
        return self._store.read(frame.path, frame.sha256)

    def renew(self) -> None:
        """For whoever pauses longer than the lease lasts; reading renews it by itself."""
        self._renewed_at = datetime.now(UTC)
        expires_at = self._renewed_at + timedelta(seconds=self._seconds)
        table = kept_frame_leases
        statement = update(table).where(table.c.id == self._lease_id).values(expires_at=expires_at)
        self._index.database.write(lambda connection: connection.execute(statement))


@contextmanager
def lease_frames(
    store: FrameStore, index: KeptIndex, window: Window, *, seconds: float = LEASE_SECONDS
) -> Iterator[LeasedFrames]:
    """The window's frames in this store, safe from the retention until the end of the block.

    `vigia kept delete` does not wait for readers: a person's wish goes before a computation's.
    """
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "holder": f"{socket.gethostname()[:80]}/{os.getpid()}",
        "camera_id": window.camera_id,
        "captured_from": window.captured_from,
        "captured_to": window.captured_to,
        "opened_at": now,
        "expires_at": now + timedelta(seconds=seconds),
    }
    with StoreLocks(index.database.engine, store.address).shared():
        index.database.write(lambda connection: connection.execute(insert(kept_frame_leases), row))
    try:
        yield LeasedFrames(_find_frames(store, index, window), store, index, row["id"], seconds)
    finally:
        ended = delete(kept_frame_leases).where(kept_frame_leases.c.id == row["id"])
        index.database.write(lambda connection: connection.execute(ended))


def read_leases(index: KeptIndex, now: datetime) -> tuple[Window, ...]:
    """What readers hold at this moment."""
    table = kept_frame_leases.c
    rows = index.rows(select(kept_frame_leases).where(table.expires_at > now))
    return tuple(Window(row.camera_id, row.captured_from, row.captured_to) for row in rows)


def forget_expired_leases(index: KeptIndex, now: datetime) -> None:
    statement = delete(kept_frame_leases).where(kept_frame_leases.c.expires_at <= now)
    index.database.write(lambda connection: connection.execute(statement))


def _find_frames(store: FrameStore, index: KeptIndex, window: Window) -> tuple[KeptFrame, ...]:
    """Pictures, each once however many reasons it has; dead letters are messages and not among them."""
    table = kept_frames.c
    statement = (
        select(kept_frames)
        .where(table.store == store.address, table.reason != "dead_letter", window.matches())
        .order_by(table.captured_at, table.topic, table.partition, table.offset)
    )
    return tuple({frame.position: frame for frame in index.select(statement)}.values())

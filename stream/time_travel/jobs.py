"""Replays as rows: what was asked and how far it came; of two about one version, one at a time."""

import os
import socket
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from filelock import FileLock, Timeout
from sqlalchemy import Engine, and_, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import StoreError
from stream.store import PredictionStore
from stream.store_errors import describe_store_error
from stream.tables import window_replays
from stream.time_travel.windows import ReplayWindow

State = Literal["running", "stopped", "failed", "done"]
LOCK_FAMILY: Final = zlib.crc32(b"vigia window replays") >> 1
"""Sets these advisory locks apart from others in the database."""


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """One window and one version; the same command again goes on with it."""

    id: str
    window: ReplayWindow
    version: int
    engine: str
    done: int
    """Frames that were looked at."""
    total: int
    state: State
    """`running` without anybody who holds the lock: it was killed."""
    holder: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class JobLog:
    """The table of replays; errors are StoreError."""

    store: PredictionStore

    def find(self, window: ReplayWindow, version: int) -> ReplayJob | None:
        """The replay of just this window by this version."""
        table = window_replays.c
        same = and_(table.captured_from == window.captured_from, table.captured_to == window.captured_to)
        jobs = (job for job in self._select(window.classifier, version, same) if job.window == window)
        return next(jobs, None)

    def latest(self, classifier: str, version: int) -> ReplayJob | None:
        """Whatever its window: who works now has written last."""
        return next(iter(self._select(classifier, version)), None)

    def begin(self, window: ReplayWindow, version: int, engine: str, total: int) -> ReplayJob:
        """A row that says `running`; the same row when there was one."""
        now = datetime.now(UTC)
        holder = f"{socket.gethostname()[:80]}/{os.getpid()}"
        earlier = self.find(window, version)
        if earlier is not None:
            job = replace(earlier, engine=engine, total=total, state="running", holder=holder, updated_at=now)
            self._update(job, engine=engine, total=total, state="running", holder=holder)
            return job
        job = ReplayJob(str(uuid.uuid4()), window, version, engine, 0, total, "running", holder, now)
        row = {
            "id": job.id,
            "classifier": window.classifier,
            "model_version": version,
            "captured_from": window.captured_from,
            "captured_to": window.captured_to,
            "cameras": list(window.cameras),
            "engine": engine,
            "done": 0,
            "total": total,
            "state": "running",
            "holder": holder,
            "started_at": now,
            "updated_at": now,
        }
        self.store.write(lambda connection: connection.execute(insert(window_replays), row))
        return job

    def mark(self, job: ReplayJob, done: int, state: State) -> None:
        self._update(job, done=done, state=state)

    def _update(self, job: ReplayJob, **changes: Any) -> None:
        changed = update(window_replays).where(window_replays.c.id == job.id)
        values = {**changes, "updated_at": datetime.now(UTC)}
        self.store.write(lambda connection: connection.execute(changed.values(values)))

    def _select(self, classifier: str, version: int, *more: Any) -> Iterator[ReplayJob]:
        table = window_replays.c
        chosen = select(window_replays).where(table.classifier == classifier, table.model_version == version, *more)
        for row in self.store.read(chosen.order_by(table.updated_at.desc())):
            window = ReplayWindow(row.classifier, row.captured_from, row.captured_to, tuple(row.cameras))
            yield ReplayJob(
                row.id,
                window,
                row.model_version,
                row.engine,
                row.done,
                row.total,
                row.state,
                row.holder,
                row.updated_at,
            )


@contextmanager
def hold_alone(log: JobLog, classifier: str, version: int) -> Iterator[None]:
    """Until the block or the process ends. Raises StoreError when somebody else replays with this version now."""
    with _try_lock(log.store.engine, f"{classifier}-{version}") as held:
        if not held:
            raise StoreError(_describe_other(log.latest(classifier, version), classifier, version))
        yield


def _describe_other(job: ReplayJob | None, classifier: str, version: int) -> str:
    progress = f": {job.done} of {job.total} frames, process {job.holder}" if job else ""
    return (
        f"Expected to be the only replay with {classifier} version {version}, found another one at work{progress}. "
        "Wait for its end, or stop it with Ctrl-C there."
    )


@contextmanager
def _try_lock(engine: Engine, name: str) -> Iterator[bool]:
    if engine.dialect.name == "sqlite":
        lock = FileLock(f"{engine.url.database}.replay-{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
        return
    keys = {"family": LOCK_FAMILY, "key": zlib.crc32(name.encode()) >> 1}
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        held = bool(connection.execute(text("SELECT pg_try_advisory_lock(:family, :key)"), keys).scalar())
    except SQLAlchemyError as error:
        raise StoreError(describe_store_error(engine.url, error)) from error
    with connection:  # closing it gives the lock back, as the process' end does
        try:
            yield held
        finally:
            connection.invalidate()

"""The prediction store: rows by frame, written by the worker and the cameras, read by the page and the commands."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

import stamina
from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)

from pipelines.errors import StoreError
from stream.ledger import FrameRead, write_ledger
from stream.messages import GROUP, DeadLetter, Position, Prediction, Role
from stream.sqlite_file import file_of, identify
from stream.store_engine import build_engine, has_tables
from stream.store_errors import describe_store_error, first_line
from stream.store_rows import bind_letters, bind_predictions, upsert
from stream.tables import cameras, model_events

RETRY_SECONDS: Final = 30.0
"""How long a write is tried again before the caller hears of it."""

AWAY: Final = (OperationalError, InterfaceError, InternalError)
"""What may pass: locks, lost connections, a full disk, a server that takes no writes for the moment."""
REFUSALS: Final = (DataError, IntegrityError, ValueError, OverflowError)
"""What drivers raise for a row that no retry will make acceptable; text that is no UTF-8 is a ValueError."""

CameraStatus = Literal["connecting", "online", "stale", "offline", "disabled"]
ModelEventKind = Literal["loaded", "swapped", "refused", "rolled_back", "warned"]
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """What happened to one camera since it was last recorded."""

    camera_id: str
    source: str
    state: CameraStatus
    last_frame_at: datetime | None
    new_frames_sent: int
    new_frames_dropped: int
    last_error: str | None
    kind: str | None = None
    """`folder`, `video`, `webcam`, `rtsp` or `http`; this and what follows is None until the source was opened."""
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    fps: float | None = None
    """Frames per second of the source, before any is left out."""
    view: str | None = None


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """One change of the model that a worker serves, or its refusal."""

    at: datetime
    worker: str
    classifier: str
    from_version: int | None
    to_version: int | None
    event: ModelEventKind
    detail: str | None = None
    role: Role = "production"
    """In which the worker answers."""


class RefusedRowsError(StoreError):
    """The database refuses some rows of a batch for what they hold; nothing of the batch was stored."""

    def __init__(self, text: str, refused: frozenset[tuple[Position, str]]) -> None:
        super().__init__(text)
        self.refused = refused
        """Position and classifier of each such prediction."""


class PredictionStore:
    """Rows by frame. Nothing is opened until the first call. Errors are StoreError, after bounded retries."""

    def __init__(self, url: str, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self._url = url
        self._retry_seconds = retry_seconds

    @cached_property
    def engine(self) -> Engine:
        return build_engine(self._url)

    def migrate(self) -> None:
        """Make or update the tables; several processes may do so at once."""
        from stream.migrations import migrate  # alembic is needed at start alone

        migrate(self.engine)

    def store_batch(
        self,
        answers: Sequence[Prediction],
        letters: Sequence[DeadLetter],
        reads: Sequence[FrameRead] = (),
        *,
        group: str = GROUP,
        role: Role = "production",
    ) -> None:
        """All rows of a batch in one transaction, and what became of its frames in the group's ledger.

        A frame stored before is overwritten, and counted no second time. `role` is that of the group's answers.

        Raises RefusedRowsError, a StoreError, when predictions hold what the database cannot.
        """

        def write(connection: Connection) -> None:
            # before anything is locked
            rows = (bind_predictions(answers, connection.dialect), bind_letters(letters, connection.dialect))
            if reads:
                write_ledger(connection, group, reads, role=role)
            for each in rows:
                each.write(connection)

        if not answers and not letters and not reads:
            return
        try:
            self._write(write)
        except REFUSALS as error:
            raise self._refusal(answers, error) from error

    def record_cameras(self, records: Sequence[CameraRecord]) -> None:
        """The cameras' present states in one transaction; their counters grow. Of two of one camera the later wins."""
        now = datetime.now(UTC)
        statement = upsert(
            cameras,
            self.engine.dialect.name,
            add=("frames_sent", "frames_dropped"),
            coalesce=("last_frame_at", "kind", "width", "height", "codec", "fps", "view"),
        )
        rows = [{**_camera_row(record), "updated_at": now} for record in records]
        if rows:
            self._write(lambda connection: connection.execute(statement, rows))

    def record_model_event(self, change: ModelEvent) -> None:
        row = asdict(change)
        self._write(lambda connection: connection.execute(insert(model_events), row))

    def read_cameras(self) -> list[dict[str, Any]]:
        """Rows of the cameras table by camera id."""
        return [dict(row._mapping) for row in self.read(select(cameras).order_by(cameras.c.camera_id))]

    def has_table(self, name: str) -> bool:
        """Whether the store was used and is of a version with this table. Raises StoreError when it is away."""
        try:
            return has_tables(self.engine) and inspect(self.engine).has_table(name)
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def probe(self) -> None:
        """Raises StoreError when the store does not answer a question now."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(1))
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def read(self, statement: Any) -> Sequence[Any]:
        """Rows of a select; none while the store was never used."""
        try:
            if not has_tables(self.engine):
                return []
            with self.engine.connect() as connection:
                return connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def write(self, work: Callable[[Connection], Outcome]) -> Outcome:
        """What `work` answers, done in one transaction and tried again while the store is busy."""
        outcomes: list[Outcome] = []
        self._write(lambda connection: outcomes.append(work(connection)))
        return outcomes[-1]

    def _write(self, work: Callable[[Connection], object]) -> None:
        retries = stamina.retry_context(on=AWAY, attempts=None, timeout=self._retry_seconds, wait_max=2.0)
        try:
            for attempt in retries:
                with attempt:
                    self._write_once(work)
        except (DataError, IntegrityError):
            raise
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def _write_once(self, work: Callable[[Connection], object]) -> None:
        with self.engine.begin() as connection:
            work(connection)
            file = file_of(connection)
        # afterwards: rows that went into a file without a name are not stored
        if file is not None and file != identify(self.engine.url.database or ""):
            moved = sqlite3.OperationalError(f"the file {self.engine.url.database} is gone, or is another one now")
            raise OperationalError("COMMIT", None, moved)

    def _refusal(self, answers: Sequence[Prediction], error: Exception) -> StoreError:
        """Which predictions the database refuses, found one by one; the error itself when it is none of them."""
        refused = set()
        for answer in answers:
            try:
                with self.engine.connect() as connection:
                    bind_predictions([answer], connection.dialect).write(connection)
                    connection.rollback()
            except REFUSALS:
                refused.add((answer.position, answer.classifier))
            except SQLAlchemyError as away:
                return self._away(away)
        words = f"The database refuses {len(refused)} of {len(answers)} predictions. {first_line(error)}."
        return RefusedRowsError(words, frozenset(refused)) if refused else self._away(error)

    def _away(self, error: Exception) -> StoreError:
        return StoreError(describe_store_error(self.engine.url, error))


def _camera_row(record: CameraRecord) -> dict[str, Any]:
    row = asdict(record)
    row["frames_sent"], row["frames_dropped"] = row.pop("new_frames_sent"), row.pop("new_frames_dropped")
    return row

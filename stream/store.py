"""The prediction store: rows by frame, written by the worker and the cameras, read by the page and the commands."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import stamina
from sqlalchemy import Connection, Engine, Table, create_engine, func, insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError

from pipelines.errors import StoreError
from stream.messages import DeadLetter, Position, Prediction
from stream.tables import cameras, dead_letters, model_events, predictions

BUSY_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 30.0
"""How long a write is tried again before the caller hears of it."""

CameraStatus = Literal["online", "stale", "offline", "disabled"]
ModelEventKind = Literal["loaded", "swapped", "refused", "rolled_back"]
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

    def store_batch(self, answers: Sequence[Prediction], letters: Sequence[DeadLetter]) -> None:
        """All rows of a batch in one transaction; a frame stored before is overwritten."""

        def write(connection: Connection) -> None:
            if answers:
                rows = [_prediction_row(answer) for answer in answers]
                connection.execute(upsert(predictions, self.engine.dialect.name), rows)
            if letters:
                # a redelivered letter must not forget that it was replayed
                statement = upsert(dead_letters, self.engine.dialect.name, keep=("replayed_at",))
                connection.execute(statement, [_dead_letter_row(letter) for letter in letters])

        if answers or letters:
            self._write(write)

    def record_camera(self, record: CameraRecord) -> None:
        """A camera's present state; its counters grow."""
        row = {
            "camera_id": record.camera_id,
            "source": record.source,
            "state": record.state,
            "last_frame_at": record.last_frame_at,
            "frames_sent": record.new_frames_sent,
            "frames_dropped": record.new_frames_dropped,
            "last_error": record.last_error,
            "updated_at": datetime.now(UTC),
        }
        statement = upsert(
            cameras, self.engine.dialect.name, add=("frames_sent", "frames_dropped"), coalesce=("last_frame_at",)
        )
        self._write(lambda connection: connection.execute(statement, row))

    def record_model_event(self, change: ModelEvent) -> None:
        row = asdict(change)
        self._write(lambda connection: connection.execute(insert(model_events), row))

    def read_dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest first."""
        statement = select(dead_letters).order_by(dead_letters.c.created_at.desc()).limit(limit)
        return [_dead_letter(row) for row in self.read(statement)]

    def find_dead_letter(self, position: Position) -> DeadLetter | None:
        table = dead_letters.c
        statement = select(dead_letters).where(
            table.topic == position.topic, table.partition == position.partition, table.offset == position.offset
        )
        rows = self.read(statement)
        return _dead_letter(rows[0]) if rows else None

    def read_cameras(self) -> list[dict[str, Any]]:
        """Rows of the cameras table by camera id."""
        return [dict(row._mapping) for row in self.read(select(cameras).order_by(cameras.c.camera_id))]

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
        retries = stamina.retry_context(
            on=(OperationalError, InterfaceError), attempts=None, timeout=self._retry_seconds, wait_max=2.0
        )
        try:
            for attempt in retries:
                with attempt, self.engine.begin() as connection:
                    work(connection)
        except SQLAlchemyError as error:
            raise self._away(error) from error

    def _away(self, error: SQLAlchemyError) -> StoreError:
        cause = getattr(error, "orig", None) or error
        return StoreError(
            f"Expected the prediction store at {self.engine.url!r} to answer. {type(cause).__name__}: {cause}. "
            "Check VIGIA_DATABASE_URL, the disk and the database."
        )


def build_engine(url: str) -> Engine:
    """An engine with this project's settings; connects to nothing yet. Raises StoreError for a bad address."""
    try:
        address = make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(f"Expected sqlite:/// or postgresql:// in VIGIA_DATABASE_URL, received {address!r}.")
        if address.get_backend_name() == "postgresql":
            return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 5})
        return create_engine(address, connect_args={} if "timeout" in address.query else {"timeout": BUSY_SECONDS})
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"Expected an SQLAlchemy address in VIGIA_DATABASE_URL. {error}.") from error


def has_tables(engine: Engine) -> bool:
    """Whether the store was ever used; looking makes no file."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        return False
    return inspect(engine).has_table(predictions.name)


def upsert(
    table: Table,
    dialect: str,
    *,
    keep: Sequence[str] = (),
    add: Sequence[str] = (),
    coalesce: Sequence[str] = (),
) -> Any:
    """Insert, or overwrite the row with the same key.

    Columns in `keep` stay as they are, those in `add` grow by the new value, those in `coalesce` stay when the
    new value is null.
    """
    builder = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = builder(table)
    changes = {}
    for column in table.columns:
        if column.primary_key or column.name in keep:
            continue
        new = statement.excluded[column.name]
        if column.name in add:
            changes[column.name] = column + new
        elif column.name in coalesce:
            changes[column.name] = func.coalesce(new, column)
        else:
            changes[column.name] = new
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)


def _prediction_row(answer: Prediction) -> dict[str, Any]:
    row = {name: getattr(answer, name) for name in _PREDICTION_FIELDS}
    nearest = [list(pair) for pair in answer.nearest] or None
    return {**row, **_position_row(answer.position), "top": [list(pair) for pair in answer.top], "nearest": nearest}


def _dead_letter_row(letter: DeadLetter) -> dict[str, Any]:
    return {**{name: getattr(letter, name) for name in _DEAD_LETTER_FIELDS}, **_position_row(letter.position)}


def _position_row(position: Position) -> dict[str, Any]:
    return {"topic": position.topic, "partition": position.partition, "offset": position.offset}


def _dead_letter(row: Any) -> DeadLetter:
    fields = {name: getattr(row, name) for name in _DEAD_LETTER_FIELDS}
    return DeadLetter(position=Position(row.topic, row.partition, row.offset), **fields)


_POSITION_FIELDS: Final = {"topic", "partition", "offset"}
_PREDICTION_FIELDS: Final = tuple(c.name for c in predictions.columns if c.name not in _POSITION_FIELDS)
_DEAD_LETTER_FIELDS: Final = tuple(
    c.name for c in dead_letters.columns if c.name not in _POSITION_FIELDS | {"replayed_at"}
)

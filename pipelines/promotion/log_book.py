"""The table `model_decisions`, in the database of the prediction store: a row a decision, never changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from pipelines.errors import StoreError
from pipelines.promotion.decisions import ModelDecision

BUSY_SECONDS: Final = 30.0
"""How long a write waits for others' on SQLite."""
LOCK_SECONDS: Final = 60
ADVISORY_LOCK: Final = 5_643_210_902
"""Any number, as long as every process of this project takes the same."""

_metadata = MetaData()
model_decisions = Table(
    "model_decisions",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", String(200), nullable=False),
    Column("classifier", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("event", String(20), nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("reasons", JSON, nullable=False),
    Column("note", Text),
)
_by_time = Index("model_decisions_by_time", model_decisions.c.classifier, model_decisions.c.at)


class LogBook:
    """Nothing is opened until the first call. Errors are StoreError."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def open(self) -> None:
        """Make the table where it lacks; several processes may do so at once."""
        try:
            file = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
            if file:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    # there `if not exists` of two at once fails for one of them
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
                connection.execute(CreateTable(model_decisions, if_not_exists=True))
                connection.execute(CreateIndex(_by_time, if_not_exists=True))
        except (SQLAlchemyError, OSError) as error:
            raise self._explain(error) from error

    def write(self, decision: ModelDecision) -> None:
        """One row more."""
        self.open()
        row = {column.name: getattr(decision, column.name) for column in model_decisions.columns}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(model_decisions), {**row, "reasons": list(decision.reasons)})
        except SQLAlchemyError as error:
            raise self._explain(error) from error

    def read(self, classifier: str) -> tuple[ModelDecision, ...]:
        """Oldest first; empty where nothing was ever decided: looking makes no file."""
        file = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        if file and not Path(file).exists():
            return ()
        wanted = select(model_decisions).where(model_decisions.c.classifier == classifier)
        try:
            with self._engine.connect() as connection:
                if not inspect(connection).has_table(model_decisions.name):
                    return ()
                rows = connection.execute(wanted.order_by(model_decisions.c.at)).mappings().all()
        except SQLAlchemyError as error:
            raise self._explain(error) from error
        return tuple(_parse(dict(row)) for row in rows)

    @contextmanager
    def alone(self, classifier: str) -> Iterator[None]:
        """Nobody else who keeps this log book moves the classifier's aliases meanwhile."""
        try:
            if self._engine.dialect.name == "postgresql":
                with self._engine.begin() as connection:
                    wait = text("SELECT pg_advisory_xact_lock(:key, hashtext(:classifier))")
                    connection.execute(wait, {"key": ADVISORY_LOCK % 2**31, "classifier": classifier})
                    yield
            else:
                with FileLock(f"{self._engine.url.database}.decisions.lock", timeout=LOCK_SECONDS):
                    yield
        except Timeout as error:
            raise StoreError(
                f"Expected to decide about {classifier} within {LOCK_SECONDS} s, another process does. Run it again."
            ) from error

    @cached_property
    def _engine(self) -> Engine:
        try:
            address = make_url(self._url)
            if address.drivername in ("postgresql", "postgres"):
                address = address.set(drivername="postgresql+psycopg")
            # the file's journal mode is left to the store's migration: two that change it at once lock each other out
            busy = {"timeout": BUSY_SECONDS} if address.get_backend_name() == "sqlite" else {"connect_timeout": 5}
            return create_engine(address, connect_args=busy)
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(f"Expected an SQLAlchemy address in VIGIA_DATABASE_URL. {error}.") from error

    def _explain(self, error: Exception) -> StoreError:
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        return StoreError(
            f"Expected to read and write the log book of decisions at {self._engine.url!r}. {words[:300]}. "
            "Check the disk, the address and VIGIA_DATABASE_URL."
        )


def _parse(row: dict[str, Any]) -> ModelDecision:
    at = row["at"]  # SQLite keeps no zone, but every time is written in UTC
    return ModelDecision.parse({**row, "at": at.isoformat() if at.tzinfo else f"{at.isoformat()}+00:00"})

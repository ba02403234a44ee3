"""Where studies lie: beside the prediction store, in a schema or a file of their own.

Optuna and the prediction store both note their tables' version in `alembic_version`; in one schema each would take the
other's note for its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock

from pipelines.datasets.staging import clear_disk_errors
from pipelines.errors import TrainingError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import URL

SCHEMA: Final = "vigia_tuning"
ADVISORY_LOCK: Final = 5_643_210_902
"""Any number, as long as every process of this project takes the same for the same purpose."""
BUSY_SECONDS: Final = 30
CONNECT_SECONDS: Final = 5


def find_study_database(settings: Settings) -> "URL":
    """The database of VIGIA_DATABASE_URL, else a file below the home. Raises TrainingError for a bad address."""
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if not settings.database_url:
        return URL.create("sqlite", database=str(settings.state / "tuning.db"), query={"timeout": str(BUSY_SECONDS)})
    try:
        address = make_url(settings.database_url)
    except ArgumentError as error:
        raise TrainingError(
            f"Expected an SQLAlchemy address in VIGIA_DATABASE_URL, such as postgresql://user@host/database. {error}."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database:
        file = Path(address.database)
        return address.set(database=str(file.with_name(f"{file.stem}-tuning{file.suffix}")))
    if address.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        options = f"{address.query.get('options', '')} -csearch_path={SCHEMA}".strip()
        return address.set(drivername="postgresql+psycopg").update_query_dict(
            {"options": options, "connect_timeout": str(CONNECT_SECONDS)}
        )
    raise TrainingError(f"Expected a sqlite:/// file or postgresql:// in VIGIA_DATABASE_URL, received {address!r}.")


@contextmanager
def alone_in(database: "URL") -> Iterator[None]:
    """While no other process makes tables, a study or its record there. Raises TrainingError when it is away."""
    with database_errors(database):
        if database.get_backend_name() == "sqlite":
            file = Path(str(database.database))
            with clear_disk_errors(file.parent):
                file.parent.mkdir(parents=True, exist_ok=True)
                with FileLock(f"{file}.lock"):
                    yield
        else:
            with _advisory_lock(database):
                yield


@contextmanager
def database_errors(database: "URL") -> Iterator[None]:
    """A database that refuses or goes away becomes a TrainingError of one line; its password is never shown."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
        words = str(getattr(cause, "orig", None) or cause).strip().strip("'").splitlines()
        raise TrainingError(
            f"Expected the database of the study at {database.set(query={})!r} to answer. "
            f"{words[0] if words else type(cause).__name__}. "
            f"Check VIGIA_DATABASE_URL and the database, and repeat the command: it goes on with the same study."
        ) from error


@contextmanager
def _advisory_lock(database: "URL") -> Iterator[None]:
    from sqlalchemy import NullPool, create_engine

    engine = create_engine(database, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:  # the lock is this connection's, and goes with it
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        yield

"""The store's tables, made and changed step by step; `migrate` is the only way in."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import StoreError, StoreVersionError
from stream.store_errors import describe_store_error

LOCK_SECONDS: Final = 60
ADVISORY_LOCK: Final = 5_643_210_901
"""Any number, as long as every process of this project takes the same."""


def migrate(engine: Engine) -> None:
    """Bring the tables to this version; safe when several processes do it at once. Raises StoreError."""
    try:
        if engine.dialect.name == "sqlite":
            _migrate_sqlite(engine)
        else:
            _migrate_postgresql(engine)
    except CommandError as error:
        raise StoreVersionError(
            f"Expected a prediction store of this version or older. {error}. "
            "Update Vigía, or point VIGIA_DATABASE_URL elsewhere."
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(describe_store_error(engine.url, error)) from error


def _migrate_sqlite(engine: Engine) -> None:
    if not engine.url.database or engine.url.database == ":memory:":
        raise StoreError("Expected a SQLite file, received a database in memory, which no other process could read.")
    file = Path(engine.url.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{file}.lock", timeout=LOCK_SECONDS), _connect_to(file, engine) as connection:
            # two processes that change the journal mode of a new file at once get "database is locked"
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                connection.exec_driver_sql("PRAGMA journal_mode=wal")
            # Python's sqlite3 opens no transaction for DDL by itself
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
            connection.commit()
    except Timeout as error:
        raise StoreError(
            f"Expected the lock of {file} within {LOCK_SECONDS} s. Another process holds it; end it and run again."
        ) from error


def _connect_to(file: Path, engine: Engine) -> Connection:
    file.touch()  # nobody else makes it: a store that is gone is not silently begun anew
    return engine.connect()


def _migrate_postgresql(engine: Engine) -> None:
    with engine.begin() as connection:
        # the one who is first may take long on a big table; the others wait for him
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    config = Config()
    # the path may hold a percent sign, which the configuration would expand
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

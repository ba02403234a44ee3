"""The prediction store's engine: SQLite or PostgreSQL with this project's settings."""

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from pipelines.errors import StoreError
from stream.sqlite_file import watch_file
from stream.tables import predictions

BUSY_SECONDS: Final = 5.0
LOCK_TIMEOUT_MS: Final = 10_000
LINK_TIMEOUT_MS: Final = 10_000
FROZEN_TIMEOUT_MS: Final = 5_000
"""A worker that is frozen in the middle of a write must not keep its rows from the one that took over."""
POSTGRESQL: Final = {
    "connect_timeout": "5",
    # on both ends: without it a host whose link went down would hold its rows locked for two hours
    "tcp_user_timeout": str(LINK_TIMEOUT_MS),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "options": " ".join(
        (
            f"-c lock_timeout={LOCK_TIMEOUT_MS}",
            f"-c idle_in_transaction_session_timeout={FROZEN_TIMEOUT_MS}",
            f"-c tcp_user_timeout={LINK_TIMEOUT_MS}",
            "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        )
    ),
}
"""What a connection to PostgreSQL asks for; parameters in the address win."""


def build_engine(url: str) -> Engine:
    """An engine with this project's settings; connects to nothing yet. Raises StoreError for a bad address."""
    try:
        address = make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(f"Expected sqlite:/// or postgresql:// in VIGIA_DATABASE_URL, received {address!r}.")
        if address.get_backend_name() == "postgresql":
            return create_engine(address, pool_pre_ping=True, connect_args={**POSTGRESQL, **address.query})
        options = {} if "timeout" in address.query else {"timeout": BUSY_SECONDS}
        engine = create_engine(address, connect_args=options)
        watch_file(engine)
        return engine
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"Expected an SQLAlchemy address in VIGIA_DATABASE_URL. {error}.") from error


def has_tables(engine: Engine) -> bool:
    """Whether the store was ever used; looking makes no file."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        return False
    return inspect(engine).has_table(predictions.name)

"""A prediction store with as many rows as one likes: written by SQLite itself, its indexes made afterwards."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stream.store import PredictionStore

CAMERAS: Final = 12
LABELS: Final = 24
ROWS_A_SECOND: Final = 100
"""Of the time that the rows tell of: what two cores answer."""
SHADOW_EVERY: Final = 20
DEAD_EVERY: Final = 50

_SERIES: Final = "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < :rows) "
_AT: Final = (
    f"strftime('%Y-%m-%d %H:%M:%f', :until - (:rows - 1 - n) / {ROWS_A_SECOND}.0 - :earlier, 'unixepoch') || '000'"
)
_PREDICTIONS: Final[Mapping[str, str]] = {
    "topic": "'taller_camara_stream'",
    "partition": "n % 4",
    "offset": "n / 4",
    "classifier": "'cars'",
    "role": f"iif(n % {SHADOW_EVERY} = 0, 'shadow', 'production')",
    "frame_id": "'frame-' || n",
    "camera_id": f"printf('cam%02d', 1 + n * 7 % {CAMERAS})",
    "image_sha256": "printf('%064x', n)",
    "model_version": "1 + (n > :rows / 2)",
    "label": f"printf('class-%02d', n * n % {LABELS})",
    "confidence": "0.5 + (n % 50) / 100.0",
    "top": """'[["class-00", 0.9]]'""",
    "decision": "'known'",
    "captured_at": _AT.replace(":earlier", "(20 + n % 30) / 1000.0"),
    "received_at": _AT.replace(":earlier", "0.02"),
    "predicted_at": _AT.replace(":earlier", "0"),
    "worker": "'worker-' || n % 2",
}
_DEAD_LETTERS: Final[Mapping[str, str]] = {
    **{name: _PREDICTIONS[name] for name in ("topic", "partition", "offset")},
    "stage": "'decode'",
    "reason": "'image'",
    "message": "'Expected a picture, received 100 bytes of another kind.'",
    "size_bytes": "100",
    "sha256": "printf('%064x', n)",
    "created_at": _AT.replace(":earlier", "0"),
}
_CAMERAS: Final[Mapping[str, str]] = {
    "camera_id": "printf('cam%02d', 1 + n)", "source": "'folder'", "state": "'online'", "frames_sent": "0",
    "frames_dropped": "0",
}  # fmt: skip


def fill_store(file: Path, rows: int, until: datetime) -> str:
    """The store's address. 100 rows a second of 12 cameras, the last one at `until`, a twentieth of them a shadow's."""
    url = f"sqlite:///{file}"
    store = PredictionStore(url)
    store.migrate()
    store.engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        indexes = connection.execute(query).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        values = {"rows": rows, "until": until.astimezone(UTC).timestamp()}
        connection.execute(_insert("predictions", _PREDICTIONS), values)
        connection.execute(_insert("dead_letters", _DEAD_LETTERS, f"n % {DEAD_EVERY} = 0"), values)
        connection.execute(_insert("cameras", _CAMERAS, f"n < {CAMERAS}"), values)
        for _, create in indexes:
            connection.execute(create)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return url


def _insert(table: str, columns: Mapping[str, str], where: str = "1") -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"{_SERIES} INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} FROM series WHERE {where}"  # noqa: S608

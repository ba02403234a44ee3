"""A prediction store with as many rows as one likes: written by SQLite itself, its indexes made afterwards."""

import sqlite3
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
_AT: Final = "strftime('%Y-%m-%d %H:%M:%f', :until - (:rows - 1 - n) / {rate}.0{earlier}, 'unixepoch') || '000'"

_STATEMENTS: Final = (
    _SERIES + 'INSERT INTO predictions (topic, partition, "offset", classifier, role, frame_id, camera_id,'
    " image_sha256, model_version, label, confidence, top, decision, captured_at, received_at, predicted_at, worker)"
    f" SELECT 'taller_camara_stream', n % 4, n / 4, 'cars', iif(n % {SHADOW_EVERY} = 0, 'shadow', 'production'),"
    f" 'frame-' || n, printf('cam%02d', 1 + n * 7 % {CAMERAS}), printf('%064x', n), 1 + (n > :rows / 2),"
    f" printf('class-%02d', n * n % {LABELS}), 0.5 + (n % 50) / 100.0, '[[\"class-00\", 0.9]]', 'known',"
    f" {_AT.format(rate=ROWS_A_SECOND, earlier=' - (20 + n % 30) / 1000.0')},"
    f" {_AT.format(rate=ROWS_A_SECOND, earlier=' - 0.02')}, {_AT.format(rate=ROWS_A_SECOND, earlier='')},"
    " 'worker-' || n % 2 FROM series",
    _SERIES + 'INSERT INTO dead_letters (topic, partition, "offset", stage, reason, message, size_bytes, sha256,'
    f" created_at) SELECT 'taller_camara_stream', n % 4, n / 4, 'decode', 'image', 'Expected a picture.', 100,"
    f" printf('%064x', n), {_AT.format(rate=ROWS_A_SECOND, earlier='')} FROM series WHERE n % {DEAD_EVERY} = 0",
    "INSERT INTO cameras (camera_id, source, state) SELECT DISTINCT printf('cam%02d', n), 'folder', 'online'"
    f" FROM (WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {CAMERAS})"
    " SELECT n FROM series)",
)


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
        for statement in _STATEMENTS:
            connection.execute(statement, {"rows": rows, "until": until.astimezone(UTC).timestamp()})
        for _, create in indexes:
            connection.execute(create)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return url

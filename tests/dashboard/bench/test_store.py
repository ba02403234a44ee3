from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, inspect, select

from dashboard.bench.store import CAMERAS, ROWS_A_SECOND, fill_store
from dashboard.queries import build_engine
from stream.tables import dead_letters, predictions

UNTIL = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_store_of_many_rows_has_the_tables_and_indexes_of_any_other(tmp_path: Path) -> None:
    engine = build_engine(fill_store(tmp_path / "vigia.db", 1000, UNTIL))

    with engine.connect() as connection:
        count, first, last = connection.execute(
            select(func.count(), func.min(predictions.c.predicted_at), func.max(predictions.c.predicted_at))
        ).one()
        cameras = connection.execute(select(func.count(predictions.c.camera_id.distinct()))).scalar()
        letters = connection.execute(select(func.count()).select_from(dead_letters)).scalar()
        indexes = {index["name"] for index in inspect(connection).get_indexes(predictions.name)}
    assert (count, cameras, letters) == (1000, CAMERAS, 20)
    assert last == UNTIL
    assert abs((last - first) - timedelta(seconds=999 / ROWS_A_SECOND)) < timedelta(milliseconds=2)
    assert {"predictions_by_time", "predictions_by_camera"} <= indexes

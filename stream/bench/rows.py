"""How far a lane has come and what it answered, read from where it keeps its rows."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stream.bench.broker import Region
from stream.bench.lanes.order import NAIVE_FILE, Answered, LaneName, read_results
from stream.store import PredictionStore
from stream.tables import frame_ledger, predictions


class LaneRows:
    """The rows of one lane in one round."""

    def __init__(self, lane: LaneName, folder: Path) -> None:
        self._lane = lane
        self._folder = folder
        self._store = PredictionStore(f"sqlite:///{folder / 'store' / 'vigia.db'}")

    def progress(self) -> dict[int, int]:
        """Partition -> first offset that is not answered yet; empty while nothing is, and for the lane without any."""
        if self._lane == "raw":
            return {}
        if self._lane == "naive":
            return {row[0]: row[1] + 1 for row in self._naive("SELECT partition, max(place) FROM answers GROUP BY 1")}
        rows = self._store.read(select(frame_ledger.c.partition, frame_ledger.c.next_offset))
        return {row.partition: row.next_offset for row in rows}

    def count_processes(self) -> int:
        """How many of them have answered something."""
        if self._lane == "naive":
            return len(self._naive("SELECT 1 FROM answers LIMIT 1"))
        return len(self._store.read(select(predictions.c.worker).distinct()))

    def answered(self, region: Region | None) -> list[Answered]:
        """The frames of the region that were."""
        if self._lane == "raw":
            return read_results(self._folder)
        found = self._naive_answers() if self._lane == "naive" else self._stored()
        ends = region.ends if region else {}
        return [each for each in found if each.place < ends.get(int(each.share), 0)]

    def close(self) -> None:
        self._store.engine.dispose()

    def _stored(self) -> list[Answered]:
        column = predictions.c
        rows = self._store.read(
            select(
                column.predicted_at, column.worker, column.partition, column.offset, column.image_name, column.label,
                column.confidence,
            )
        )  # fmt: skip
        return [Answered(row[0].timestamp(), row[1], str(row[2]), row[3], row[4] or "", *row[5:]) for row in rows]

    def _naive_answers(self) -> list[Answered]:
        rows = self._naive("SELECT at, partition, place, picture, label, confidence FROM answers")
        return [Answered(row[0], "naive", str(row[1]), *row[2:]) for row in rows]

    def _naive(self, statement: str) -> Sequence[Any]:
        file = self._folder / NAIVE_FILE
        if not file.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
                return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:  # its table is being made
            return []

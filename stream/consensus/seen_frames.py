"""The frames of a window as the store remembers them: a worker that starts answers as the one before it would have."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from pipelines.consensus.voting import Vote
from pipelines.consensus.window import REACH, SeenFrame
from stream.messages import Prediction
from stream.store import PredictionStore
from stream.tables import predictions

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a classifier meets the frames of a partition in their order."""

    classifier: str
    topic: str
    partition: int


def read_seen_frames(store: PredictionStore, lane: Lane, before: int) -> dict[str, list[SeenFrame]]:
    """By camera, in the order of offsets, those below `before` that a window may reach.

    Tried again while the store is busy. Raises StoreError.
    """
    table = predictions.c
    statement = (
        select(table.camera_id, table.offset, table.captured_at, table.label, table.confidence, table.decision)
        .where(
            table.topic == lane.topic,
            table.partition == lane.partition,
            table.offset.between(before - REACH, before - 1),
            table.classifier == lane.classifier,
            table.role == "production",
        )
        .order_by(table.offset)
    )
    found: dict[str, list[SeenFrame]] = {}
    for row in store.write(lambda connection: connection.execute(statement).all()):
        found.setdefault(row.camera_id, []).append(to_seen_frame(row, row.offset))
    return found


def to_seen_frame(answer: Prediction | Any, offset: int) -> SeenFrame:
    """Of a prediction, or of its row."""
    captured_us = (answer.captured_at - EPOCH) // MICROSECOND
    return SeenFrame(offset, captured_us, Vote(sys.intern(answer.label), answer.confidence, answer.decision == "known"))

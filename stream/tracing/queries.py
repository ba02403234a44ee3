"""What the prediction store says about one frame, and about one model version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import StoreError
from stream.messages import REPLAYER, SHADOW_WORKER, Position, Prediction
from stream.store import ModelEvent, PredictionStore
from stream.tables import LIVE, model_events, predictions

_POSITION_FIELDS: Final = {"topic", "partition", "offset"}
NEWER_COLUMNS: Final = ("nearest", "consensus", "infer_ms", "precision")
"""That a store of an older version has not; the beginnings of their names."""
_COLUMNS: Final = tuple(column.name for column in predictions.columns)


@dataclass(frozen=True, slots=True)
class ServedCount:
    """Predictions of one model version by one worker, of one camera, on one day (UTC)."""

    camera_id: str
    worker: str
    day: str
    predictions: int
    first_at: datetime
    last_at: datetime


def find_answers(store: PredictionStore, frame_id: str) -> tuple[Prediction, ...]:
    """What every classifier and role said about the frame with this id, or at this `topic-partition-offset`.

    Newest first; a producer may have used an id twice. Raises StoreError when the store is away or too old.
    """
    by_id = _read(store, select(predictions).where(predictions.c.frame_id == frame_id))
    position = parse_position(frame_id)
    if not by_id and position:
        table = predictions.c
        by_id = _read(
            store,
            select(predictions).where(
                table.topic == position.topic, table.partition == position.partition, table.offset == position.offset
            ),
        )
    return tuple(sorted((_build_prediction(row) for row in by_id), key=lambda each: each.predicted_at, reverse=True))


def parse_position(frame_id: str) -> Position | None:
    """`topic-partition-offset`, or None for another id."""
    topic, _, rest = frame_id.rpartition("-")
    topic, _, partition = topic.rpartition("-")
    return Position(topic, int(partition), int(rest)) if topic and partition.isdecimal() and rest.isdecimal() else None


def read_model_events(store: PredictionStore, classifier: str) -> tuple[ModelEvent, ...]:
    """What workers wrote about the classifier's versions, oldest first."""
    table = model_events.c
    statement = select(model_events).where(table.classifier == classifier).order_by(table.at, table.id)
    return tuple(
        ModelEvent(
            row.at, row.worker, row.classifier, row.from_version, row.to_version, row.event, row.detail, row.role
        )
        for row in _read(store, statement)
    )


def count_served(store: PredictionStore, classifier: str, version: int) -> tuple[ServedCount, ...]:
    """By camera, worker and day; without what it answered in replays and as a challenger, which nobody was served."""
    table = predictions.c
    moment = table.predicted_at
    utc: Any = func.timezone("UTC", moment) if store.engine.dialect.name == "postgresql" else moment
    day = func.date(utc)
    statement = (
        select(table.camera_id, table.worker, day, func.count(), func.min(moment), func.max(moment))
        .where(table.classifier == classifier, table.model_version == version)
        # by the worker's name and not by the role, which is not in the index
        .where(table.worker.not_like(f"%{REPLAYER}"), table.worker.not_like(f"%{SHADOW_WORKER}%"))
        .group_by(table.camera_id, table.worker, day)
        .order_by(table.camera_id, table.worker, day)
    )
    return tuple(ServedCount(row[0], row[1], str(row[2]), *row[3:]) for row in _read(store, statement))


def newest_frame_ids(store: PredictionStore, limit: int = 3) -> tuple[str, ...]:
    """Of the newest live predictions, for whoever does not know what an id looks like."""
    live = select(predictions.c.frame_id).where(predictions.c.role == LIVE)
    statement = live.order_by(predictions.c.predicted_at.desc()).limit(limit)
    return tuple(dict.fromkeys(row.frame_id for row in _read(store, statement)))


def _read(store: PredictionStore, statement: Any) -> Sequence[Any]:
    try:
        return store.read(statement)
    except StoreError as error:
        cause = error.__cause__
        words = str(getattr(cause, "orig", cause)).lower()
        if isinstance(cause, SQLAlchemyError) and any(name in words for name in NEWER_COLUMNS):
            raise StoreError(
                "Expected a prediction store with the tables of this version, found older ones. "
                "Start a worker once, for instance with `vigia up`: it updates them."
            ) from error
        raise


def _build_prediction(row: Any) -> Prediction:
    fields = {name: getattr(row, name) for name in _COLUMNS if name not in _POSITION_FIELDS}
    fields["top"] = tuple((str(label), float(probability)) for label, probability in row.top)
    fields["nearest"] = tuple((str(digest), float(likeness)) for digest, likeness in row.nearest or ())
    return Prediction(position=Position(row.topic, row.partition, row.offset), **fields)

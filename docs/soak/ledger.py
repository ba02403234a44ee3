"""What came of the frames: positions in Kafka against rows in the store, and how long each took."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import Engine, func, select, text

from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC
from stream.store_engine import has_tables
from stream.tables import dead_letters, predictions

ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Frames per partition that Kafka holds, and how many of them the group has acknowledged."""

    produced: Mapping[int, int]
    committed: Mapping[int, int]

    @property
    def lag(self) -> int:
        return sum(end - self.committed.get(partition, 0) for partition, end in self.produced.items())


def read_ends(bootstrap: str, group: str) -> Ends | None:
    """None while the broker is away. Offsets begin at 0 and no message is old enough to be removed."""

    async def ask() -> Ends:
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False) as consumer:
            partitions = [TopicPartition(FRAMES_TOPIC, number) for number in range(FRAMES_PARTITIONS)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            committed = {tp.partition: await consumer.committed(tp) or 0 for tp in partitions}
            return Ends({tp.partition: end for tp, end in ends.items()}, committed)

    try:
        return asyncio.run(asyncio.wait_for(ask(), ANSWER_SECONDS))
    except (KafkaError, TimeoutError, OSError):
        return None


def count_rows(engine: Engine) -> int:
    """Rows of predictions, cheaply: nothing is ever deleted here."""
    if not has_tables(engine):
        return 0
    statement = "SELECT coalesce(max(rowid), 0)" if engine.dialect.name == "sqlite" else "SELECT count(*)"
    with engine.connect() as connection:
        return int(connection.execute(text(f"{statement} FROM predictions")).scalar_one())


def balance(engine: Engine, produced: Mapping[int, int]) -> dict[str, Any]:
    """Positions without a row or dead letter are lost; frame ids with more than one row are doubled."""
    with engine.connect() as connection:
        stored = set(connection.execute(select(predictions.c.partition, predictions.c.offset)).tuples())
        dead = set(connection.execute(select(dead_letters.c.partition, dead_letters.c.offset)).tuples())
        rows = connection.execute(select(func.count()).select_from(predictions)).scalar_one()
        asked = (predictions.c.classifier, predictions.c.role, predictions.c.frame_id)
        twice = select(*asked, func.count()).group_by(*asked).having(func.count() > 1)
        doubled = [row.frame_id for row in connection.execute(twice)]
        workers = select(predictions.c.worker, func.count()).group_by(predictions.c.worker)
        by_worker = dict(connection.execute(workers).tuples().all())
    wanted = {(partition, offset) for partition, end in produced.items() for offset in range(end)}
    lost = sorted(wanted - stored - dead)
    return {
        "produced": len(wanted),
        "rows": rows,
        "dead_letters": len(dead),
        "lost": len(lost),
        "lost_positions": lost[:100],
        "doubled": len(doubled),
        "doubled_frames": doubled[:100],
        "rows_by_worker": by_worker,
    }


def read_latency(engine: Engine, since: datetime, until: datetime) -> dict[str, Any]:
    """Of frames captured in the window: milliseconds from capture to the prediction that is in the store."""
    wanted = select(predictions.c.captured_at, predictions.c.predicted_at).where(
        predictions.c.predicted_at >= since,
        # a frame may have waited through a kill
        predictions.c.predicted_at < until + timedelta(seconds=120),
        predictions.c.captured_at >= since,
        predictions.c.captured_at < until,
    )
    with engine.connect() as connection:
        waits = [(row[1] - row[0]).total_seconds() * 1000 for row in connection.execute(wanted)]
    window = {"from": since.isoformat(), "until": until.isoformat(), "frames": len(waits)}
    if not waits:
        return window
    return window | {f"p{q}": round(float(np.percentile(waits, q)), 1) for q in (50, 95, 99, 100)}


def take_over_seconds(engine: Engine, killed_at: datetime, partitions: Sequence[int]) -> float | None:
    """From the kill to the first prediction of a frame captured after it, of the partition that waited longest."""
    slowest = 0.0
    for partition in partitions:
        first = select(func.min(predictions.c.predicted_at)).where(
            predictions.c.partition == partition,
            predictions.c.captured_at >= killed_at,
            predictions.c.predicted_at >= killed_at,
            predictions.c.predicted_at < killed_at + timedelta(seconds=120),
        )
        with engine.connect() as connection:
            moment = connection.execute(first).scalar_one_or_none()
        if moment is None:
            return None
        slowest = max(slowest, (moment - killed_at).total_seconds())
    return round(slowest, 2)

"""When each frame was captured and when its answer was stored, read from the predictions topic."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipelines.errors import StackError
from stream.broker.topics import TOPICS
from stream.messages import PREDICTIONS_TOPIC

READ_SECONDS: Final = 60.0
PARTITIONS: Final = next(topic.partitions for topic in TOPICS if topic.name == PREDICTIONS_TOPIC)
HALF_A_MILLISECOND: Final = 0.0005
"""Kafka's times are whole milliseconds, cut off: the answer came this much later on average."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An answer, by the time at which it was handed to the broker: right after its row was stored."""

    run: str
    captured_at: float
    stored_at: float
    """Seconds since 1970; to half a millisecond."""


def read_answers(bootstrap: str, run: str) -> list[Delivered]:
    """The predictions of one run. Raises StackError when the broker does not hand them out."""
    try:
        answers = asyncio.run(asyncio.wait_for(_read_all(bootstrap), READ_SECONDS))
    except TimeoutError as error:
        raise StackError(f"Expected the predictions of {bootstrap} within {READ_SECONDS:g} s.") from error
    return [each for each in answers if each.run == run]


async def _read_all(bootstrap: str) -> list[Delivered]:
    found: list[Delivered] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partitions = [TopicPartition(PREDICTIONS_TOPIC, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, starts[partition])
        waiting = {partition for partition in partitions if starts[partition] < ends[partition]}
        while waiting:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                found += [read_answer(record.value, record.timestamp) for record in records]
                if records and records[-1].offset + 1 >= ends[partition]:
                    waiting.discard(partition)
    return found


def read_answer(value: bytes, timestamp_ms: int) -> Delivered:
    """Of a prediction message; its timestamp is the producer's."""
    fields = json.loads(value)
    captured_at = datetime.fromisoformat(fields["captured_at"]).timestamp()
    run = fields["frame_id"].rpartition("-")[0]
    return Delivered(run, captured_at, timestamp_ms / 1000 + HALF_A_MILLISECOND)

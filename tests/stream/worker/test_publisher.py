"""Predictions on their way out: to the partitions of old, at a fraction of the processor time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BrokerError
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import PREDICTIONS_TOPIC, Outgoing
from stream.worker.publisher import Publisher, partition_of
from tests.stream.live import end_offsets, read_since

ROUNDS = 15
MESSAGES = 256
"""So many that what a message costs outweighs what a batch and its answer cost: a third to a half of `send`."""


@given(st.binary(min_size=1, max_size=60), st.integers(1, 12))
def test_a_key_lies_where_every_kafka_client_puts_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, range(partitions)) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_a_producer_by_itself_would_use_the_same_rule() -> None:
    async def rule_of_a_producer() -> object:
        return AIOKafkaProducer()._partitioner

    assert isinstance(asyncio.run(rule_of_a_producer()), DefaultPartitioner)


@pytest.mark.integration
def test_a_batch_goes_out_as_before_in_less_time_and_one_that_is_too_large_is_told(kafka: str) -> None:
    starts = end_offsets(kafka, PREDICTIONS_TOPIC)
    batches = [
        [Outgoing(PREDICTIONS_TOPIC, b"round-%d-%d" % (round_, number), bytes(400)) for number in range(MESSAGES)]
        for round_ in range(2 * ROUNDS)
    ]

    async def run() -> tuple[float, float]:
        async with Publisher(kafka) as publisher, AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
            await publisher.publish(batches[-1][:1])  # both know the topic
            await send_one_by_one(producer, batches[-1][1:])
            together, alone = [], []
            for number in range(0, 2 * (ROUNDS - 1), 2):
                together.append(await cpu_seconds(publisher.publish, batches[number]))
                alone.append(await cpu_seconds(lambda some: send_one_by_one(producer, some), batches[number + 1]))
            with pytest.raises(BrokerError, match="Raise its max"):
                await publisher.publish([*batches[-2], Outgoing(PREDICTIONS_TOPIC, b"k", bytes(LARGEST_MESSAGE_BYTES))])
            return min(together), min(alone)  # a busy machine, or a collection of garbage, only adds

    together, alone = asyncio.run(run())

    records = read_since(kafka, PREDICTIONS_TOPIC, starts)
    sent = [message.key or b"" for batch in batches[: 2 * (ROUNDS - 1)] + batches[-1:] for message in batch]
    keys = set(sent)
    assert sorted(record.key for record in records if record.key in keys) == sorted(sent)
    assert all(record.partition == partition_of(record.key, range(4)) for record in records)
    assert together < 0.8 * alone


async def send_one_by_one(producer: AIOKafkaProducer, messages: Sequence[Outgoing]) -> None:
    """As the worker did before."""
    await asyncio.gather(
        *[await producer.send(message.topic, key=message.key, value=message.value) for message in messages]
    )


async def cpu_seconds(publish: Callable[[Sequence[Outgoing]], Awaitable[None]], messages: Sequence[Outgoing]) -> float:
    began = time.thread_time()
    await publish(messages)
    return time.thread_time() - began

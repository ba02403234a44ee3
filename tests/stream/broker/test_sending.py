"""Batches that we build, against a real Kafka."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer

from stream.broker.sending import Addressed, send_in_batches
from stream.broker.topics import LARGEST_FRAME_MESSAGE_BYTES
from stream.messages import FRAMES_TOPIC, Outgoing
from tests.stream.live import end_offsets, read_since

pytestmark = pytest.mark.integration


def send(
    kafka: str, messages: Sequence[Addressed], max_batch_size: int = 16_384, largest_bytes: int | None = None
) -> list[int | None]:
    async def run() -> list[int | None]:
        async with AIOKafkaProducer(
            bootstrap_servers=kafka, max_batch_size=max_batch_size, enable_idempotence=largest_bytes is not None
        ) as producer:
            return await send_in_batches(producer, messages, largest_bytes=largest_bytes)

    return asyncio.run(run())


def test_each_message_lies_where_it_is_said_also_one_without_key_and_value(kafka: str) -> None:
    starts = end_offsets(kafka, FRAMES_TOPIC)
    sizes = [10, None, 20_000, 5, None, 9_000, 9_000, 1]
    messages = [
        (
            number % 2,
            Outgoing(
                FRAMES_TOPIC, None, None if size is None else bytes(size), (("n", b"%d" % number),), 1000 + number
            ),
        )
        for number, size in enumerate(sizes)
    ]

    offsets = send(kafka, messages)

    found = {(record.partition, record.offset): record for record in read_since(kafka, FRAMES_TOPIC, starts)}
    assert len(found) == len(messages)
    for (partition, message), offset in zip(messages, offsets, strict=True):
        assert offset is not None
        record = found[partition, offset]
        assert (record.value, record.headers, record.timestamp) == (
            message.value,
            message.headers,
            message.timestamp_ms,
        )


@pytest.mark.parametrize("largest_bytes", [None, LARGEST_FRAME_MESSAGE_BYTES], ids=["asking", "idempotent"])
def test_what_is_too_large_for_the_topic_is_said_and_the_others_are_sent(kafka: str, largest_bytes: int | None) -> None:
    starts = end_offsets(kafka, FRAMES_TOPIC)
    messages = [(0, Outgoing(FRAMES_TOPIC, b"k", bytes(size))) for size in (1_000_000, 1_000_001, 3_000_000, 1_000_002)]

    offsets = send(kafka, messages, max_batch_size=4_000_000, largest_bytes=largest_bytes)

    assert [offset is None for offset in offsets] == [False, False, True, False]
    assert sorted(len(record.value) for record in read_since(kafka, FRAMES_TOPIC, starts)) == [
        1_000_000,
        1_000_001,
        1_000_002,
    ]

"""Messages go out in batches that we build: several at a time, and also what `AIOKafkaProducer.send` refuses.

A message with neither key nor value may lie on a topic, and a dead letter is the message byte for byte; `send` asserts
that there is one of the two. A batch also costs the event loop a fraction of as many single messages.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.errors import MessageSizeTooLargeError

from stream.messages import Outgoing

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

Addressed = tuple[int, Outgoing]
"""Partition and message."""


async def send_in_batches(
    producer: "AIOKafkaProducer", messages: Sequence[Addressed], *, largest_bytes: int | None = None
) -> list[int | None]:
    """The offset of each message, None for one that is larger than its topic takes.

    How much goes into one batch is the producer's `max_batch_size`. An idempotent producer wants the topic's limit in
    `largest_bytes`: what the broker refuses leaves a gap in its numbers, and everything behind it fails. Raises another
    KafkaError when it is not known whether the broker has them all.
    """
    offsets: list[int | None] = [None] * len(messages)
    batches = build_batches(producer, messages)
    bases = await asyncio.gather(*(_deliver(producer, batch, largest_bytes) for batch in batches))
    for batch, base in zip(batches, bases, strict=True):
        if base is not None:
            for number, place in enumerate(batch.places):
                offsets[place] = base + number
        elif len(batch.places) > 1:
            # together they may be too large for a topic with a small limit; each is asked for by itself
            for place in batch.places:
                (offsets[place],) = await send_in_batches(producer, [messages[place]], largest_bytes=largest_bytes)
    return offsets


@dataclass(slots=True)
class Batch:
    """Messages of one partition."""

    topic: str
    partition: int
    builder: Any
    places: list[int]
    """Of each message in the list that is sent."""


def build_batches(producer: "AIOKafkaProducer", messages: Sequence[Addressed]) -> list[Batch]:
    """Messages in as few batches as they fit into; one that fits into none has a batch of its own."""
    batches: list[Batch] = []
    open_ones: dict[tuple[str, int], Batch] = {}
    for place, (partition, message) in enumerate(messages):
        batch = open_ones.get((message.topic, partition))
        if batch is None or not _append(batch, message):
            batch = Batch(message.topic, partition, producer.create_batch(), [])
            _append(batch, message)
            batches.append(batch)
            open_ones[message.topic, partition] = batch
        batch.places.append(place)
    return batches


def _append(batch: Batch, message: Outgoing) -> bool:
    taken = batch.builder.append(
        timestamp=message.timestamp_ms, key=message.key, value=message.value, headers=list(message.headers)
    )
    return taken is not None


async def _deliver(producer: "AIOKafkaProducer", batch: Batch, largest_bytes: int | None) -> int | None:
    batch.builder.close()
    if largest_bytes is not None and batch.builder.size() > largest_bytes:
        return None
    try:
        sending = await producer.send_batch(batch.builder, batch.topic, partition=batch.partition)
        return int((await sending).offset)
    except MessageSizeTooLargeError:
        return None

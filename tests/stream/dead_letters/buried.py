"""Dead letters made without a worker: a row in a store, and the message on the dead-letter topic."""

import asyncio
import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.dead_letters.letters import build_dead_letter, encode_dead_letter
from stream.messages import FRAMES_TOPIC, DeadLetter, FrameError, Message, Outgoing, Position
from stream.store import PredictionStore
from tests.stream.fakes import message_of

# of this run alone: the broker of a test session is shared
_OFFSETS = itertools.count(int.from_bytes(os.urandom(5)))


def bury(
    bootstrap: str,
    store: PredictionStore,
    originals: Sequence[Outgoing],
    *,
    partition: int = 0,
    reason: str = "no_model",
    max_value_bytes: int = 4_000_000,
    on_topic: bool = True,
    camera_id: str | None = "gate",
) -> list[DeadLetter]:
    """As a worker would leave them."""
    messages = [
        replace(
            message_of(original, timestamp_ms=original.timestamp_ms or 0),
            position=Position(FRAMES_TOPIC, partition, next(_OFFSETS)),
        )
        for original in originals
    ]
    error = FrameError("Expected a production version.", stage="infer", reason=reason)
    letters = [build_dead_letter(message, error, camera_id=camera_id, now=datetime.now(UTC)) for message in messages]
    store.store_batch([], letters)
    if on_topic:
        publish(bootstrap, list(zip(messages, letters, strict=True)), max_value_bytes)
    return letters


def publish(bootstrap: str, buried: Sequence[tuple[Message, DeadLetter]], max_value_bytes: int = 4_000_000) -> None:
    async def run() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=LARGEST_MESSAGE_BYTES) as producer:
            for message, letter in buried:
                sent = encode_dead_letter(message, letter, worker="w", max_value_bytes=max_value_bytes)
                await producer.send_and_wait(
                    sent.topic,
                    key=sent.key,
                    value=sent.value,
                    headers=list(sent.headers),
                    timestamp_ms=sent.timestamp_ms,
                )

    asyncio.run(run())

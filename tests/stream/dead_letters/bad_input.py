"""The whole list of bad input through a real worker: what became of every message."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiokafka.producer.message_accumulator
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, Outgoing
from tests.stream.bad_messages import make_bad_messages, make_good_oddities
from tests.stream.live import LiveWorker, end_offsets, read_since, send, small_frames


@dataclass(frozen=True, slots=True)
class BadInput:
    """Counts of one run, and a sentence for each message that did not end as it must."""

    good: int
    good_stored: int
    bad: int
    dead: int
    byte_for_byte: int
    wrong: tuple[str, ...]


def run_bad_input(worker: LiveWorker, bootstrap: str, *, times: int, good: int) -> BadInput:
    """Every bad message `times` over, mixed among the good ones, until the worker has dealt with all."""
    worker.registry.promote(cars=1)
    starts = end_offsets(bootstrap, DEAD_LETTERS_TOPIC)
    bad = [(name, message) for name, message in make_bad_messages().items() for _ in range(times)]
    fine = [*make_good_oddities().values(), *small_frames(good)]
    sent = send(bootstrap, [*fine[: len(fine) // 2], *(each.outgoing for _, each in bad), *fine[len(fine) // 2 :]])
    places = sent[len(fine) // 2 :][: len(bad)]
    worker.start()
    worker.wait_for_rows("predictions", len(fine))
    worker.wait_for_rows("dead_letters", len(bad))
    assert worker.end() == 0
    rows = {
        (row[0], row[1]): (row[2], row[3])
        for row in worker.query('SELECT partition, "offset", stage, reason FROM dead_letters')
    }
    letters = {origin_of(letter): letter for letter in read_since(bootstrap, DEAD_LETTERS_TOPIC, starts)}
    wrong, equal = [], 0
    for place, (name, message) in zip(places, bad, strict=True):
        if rows.get(place) != (message.stage, message.reason):
            wrong.append(f"{name}: {rows.get(place)}")
        same = place in letters and is_original(letters[place], message.outgoing)
        equal += same
        if not same:
            wrong.append(f"{name}: other bytes")
    stored = worker.query("SELECT count(DISTINCT partition || '-' || \"offset\") FROM predictions")[0][0]
    return BadInput(len(fine), stored, len(bad), len(rows), equal, tuple(Counter(wrong)))


def origin_of(letter: Any) -> tuple[int, int]:
    """Partition and offset of the message that a record of the dead-letter topic was."""
    ours = dict(letter.headers)
    return int(ours["vigia.error.partition"]), int(ours["vigia.error.offset"])


def is_original(letter: Any, original: Outgoing) -> bool:
    """Value, key, headers and time, byte for byte."""
    return (letter.key, letter.value, letter.headers[: len(original.headers)]) == (
        original.key,
        original.value,
        original.headers,
    ) and original.timestamp_ms in (None, letter.timestamp)


def send_packed(bootstrap: str, message: Outgoing) -> bool:
    """Whether the topic takes the message, which is sent in gzip and small on the wire."""

    async def run() -> bool:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="gzip") as producer:
            return await is_taken(producer, message, partition=1)

    return asyncio.run(run())


async def is_taken(producer: AIOKafkaProducer, message: Outgoing, partition: int) -> bool:
    """Whether the topic takes the message, which goes out as a batch by itself: no limit of the producer's holds it."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=message.key, value=message.value, headers=list(message.headers))
    try:
        await (await producer.send_batch(batch, message.topic, partition=partition))
    except MessageSizeTooLargeError:
        return False
    return True


class RawName(str):
    """A header name as a client in another language may send it: two bytes that are no UTF-8."""

    def encode(self, *how: str) -> bytes:
        return b"\xff\xfe"


def send_as_stranger(bootstrap: str, messages: Sequence[Outgoing], largest: int) -> None:
    """As a client without our limits would; `largest` is raised on the topic too, header names may be raw."""

    async def run() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        topic = ConfigResource(ConfigResourceType.TOPIC, FRAMES_TOPIC, {"max.message.bytes": str(largest)})
        await admin.alter_configs([topic])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=largest) as producer:
            async with asyncio.timeout(60):
                for message in messages:
                    while not await is_taken(producer, message, partition=0):  # noqa: ASYNC110  no event tells
                        await asyncio.sleep(0.1)  # the broker follows a change of its limits a moment later

    fast = aiokafka.producer.message_accumulator.DefaultRecordBatchBuilder
    aiokafka.producer.message_accumulator.DefaultRecordBatchBuilder = _DefaultRecordBatchBuilderPy
    try:
        asyncio.run(run())
    finally:
        aiokafka.producer.message_accumulator.DefaultRecordBatchBuilder = fast

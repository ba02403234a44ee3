"""The shadow's consumer: every frame from now on, a second's worth at a time, without Faust's guarantees.

A shadow may leave frames out. It reads in few large fetches, keeps nothing in order to answer it later, and is never
asked to give a partition back in good order.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from stream.messages import FRAMES_TOPIC, SHADOW_GROUP, Message, Position
from stream.reading.freshness import PartitionClock

TURN_SECONDS: Final = 1.0
TURN_BYTES: Final = 16 * 1024 * 1024
FETCH_WAIT_MS: Final = 500
FETCH_MIN_BYTES: Final = 1024 * 1024
PARTITION_BYTES: Final = 4 * 1024 * 1024
SESSION_MS: Final = 60_000
"""A shadow that gets no time for long is still a member of its group."""
LATE_SECONDS: Final = 3.0
"""A frame that is known to lie in Kafka for longer is not answered any more."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_reading(bootstrap: str, instance_id: str) -> AsyncIterator["Reading"]:
    """Begins at the end of the topic: what came before is nobody's business here."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=SHADOW_GROUP,
        group_instance_id=instance_id,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=5_000,
        max_poll_interval_ms=600_000,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        fetch_min_bytes=FETCH_MIN_BYTES,
        max_partition_fetch_bytes=PARTITION_BYTES,
        metadata_max_age_ms=10_000,
    )
    consumer.subscribe([FRAMES_TOPIC], listener=_FromTheEnd(consumer))
    try:
        await consumer.start()
        yield Reading(consumer)
    finally:
        # aiokafka says no goodbye for a fixed name, and nobody waits for these partitions
        await consumer.stop()


class _FromTheEnd(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """A partition that is seen for the first time is read from its end; after a rebalance reading goes on."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._seen: set[TopicPartition] = set()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None: ...

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        if new := set(assigned) - self._seen:
            # by number: `seek_to_end` is a wish, which a committed offset that arrives first would answer
            for tp, end in (await self._consumer.end_offsets(list(new))).items():
                self._consumer.seek(tp, end)
            self._seen |= new


@dataclass(slots=True)
class Reading:
    """Messages turn by turn, and how old each is by the steady clock."""

    consumer: Any
    clock: Callable[[], float] = time.monotonic
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    """Where each partition ended by the last word."""
    _read: dict[TopicPartition, int] = field(default_factory=dict)
    """The first offset that was not read yet."""
    _ages: dict[TopicPartition, PartitionClock] = field(default_factory=dict)

    async def read(self, stopping: Callable[[], bool]) -> list[Message]:
        """What comes within a turn, by the time of the messages, so that no camera is always the last one."""
        messages: list[Message] = []
        until, size = self.clock() + TURN_SECONDS, 0
        while size < TURN_BYTES and (left := until - self.clock()) > 0 and not stopping():
            found = await self.consumer.getmany(timeout_ms=int(1000 * left))
            for tp, records in found.items():
                messages.extend(read_record(record) for record in records)
                size += sum(len(record.value or b"") for record in records)
                self._read[tp] = records[-1].offset + 1
            self._look_at_ends()
        return sorted(messages, key=lambda message: message.timestamp_ms or 0)

    def is_late(self, message: Message) -> bool:
        place = message.position
        ages = self._ages.get(TopicPartition(place.topic, place.partition))
        return ages is not None and ages.ages(place.offset, self.clock())[0] > LATE_SECONDS

    def lag(self) -> int:
        """Frames in Kafka that were not read yet."""
        return sum(max(end - self._read.get(tp, end), 0) for tp, end in self.ends.items())

    async def commit(self) -> None:
        """For whoever looks at the group's lag; the ledger is what counts. A broker that is away is no matter."""
        try:
            await self.consumer.commit(dict(self._read))
        except KafkaError as error:
            log.debug("the shadow's offsets are not committed: %r", error)

    def _look_at_ends(self) -> None:
        now, ours = self.clock(), self.consumer.assignment()
        for gone in (self.ends.keys() | self._read.keys()) - ours:
            # another shadow reads it: its offset is no more ours to commit, and its end is not heard of any more
            self.ends.pop(gone, None)
            self._read.pop(gone, None)
            self._ages.pop(gone, None)
        for tp in ours:
            end = self.consumer.highwater(tp)
            if end is not None:
                self.ends[tp] = end
                self._ages.setdefault(tp, PartitionClock()).reach(end, now)

    def forget(self) -> None:
        """Nothing that was read before is asked for its age any more."""
        for tp, offset in self._read.items():
            if tp in self._ages:
                self._ages[tp].forget(offset)


def read_record(record: Any) -> Message:
    """The record byte for byte."""
    return Message(
        position=Position(record.topic, record.partition, record.offset),
        key=record.key,
        value=record.value,
        headers=tuple(record.headers or ()),
        timestamp_ms=record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None,
        received_at=datetime.now(UTC),
    )

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from stream.messages import FRAMES_TOPIC
from stream.shadow.reading import LATE_SECONDS, Reading

TP = TopicPartition(FRAMES_TOPIC, 0)


def record(offset: int, timestamp: int) -> Any:
    return ConsumerRecord(FRAMES_TOPIC, 0, offset, timestamp, 0, b"gate", b"value", None, 4, 5, ())


@dataclass
class FakeConsumer:
    """One batch after the other; the clock goes on by a second with each."""

    batches: list[list[Any]]
    end: int
    now: float = 0.0
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    ours: set[TopicPartition] = field(default_factory=lambda: {TP})

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        self.now += 1.0
        return {TP: self.batches.pop(0)} if self.batches else {}

    def assignment(self) -> set[TopicPartition]:
        return self.ours

    def highwater(self, tp: TopicPartition) -> int:
        return self.end

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed = offsets


def test_a_turn_is_a_second_s_worth_in_the_order_of_time() -> None:
    consumer = FakeConsumer([[record(7, 30), record(8, 10)], [record(9, 20)]], end=12)
    reading = Reading(consumer, clock=lambda: consumer.now)

    messages = asyncio.run(reading.read(lambda: False))

    assert [message.position.offset for message in messages] == [8, 7]
    assert reading.lag() == 12 - 9


def test_a_frame_that_is_known_to_wait_for_long_is_late() -> None:
    consumer = FakeConsumer([[record(0, 0)], [record(5, 0)], [record(20, 0)]], end=10)
    reading = Reading(consumer, clock=lambda: consumer.now)
    asyncio.run(reading.read(lambda: False))
    consumer.now, consumer.end = consumer.now + LATE_SECONDS, 30
    (old,) = asyncio.run(reading.read(lambda: False))
    (young,) = asyncio.run(reading.read(lambda: False))

    assert reading.is_late(old), "the partition was known to hold it long ago"
    assert not reading.is_late(young)


def test_what_was_read_is_committed_and_what_is_over_forgotten() -> None:
    consumer = FakeConsumer([[record(3, 0), record(4, 0)]], end=5)
    reading = Reading(consumer, clock=lambda: consumer.now)
    asyncio.run(reading.read(lambda: False))
    reading.forget()
    asyncio.run(reading.commit())

    assert consumer.committed == {TP: 5}
    assert reading.lag() == 0


def test_a_partition_that_another_shadow_took_over_is_neither_committed_nor_waited_for() -> None:
    consumer = FakeConsumer([[record(3, 0)]], end=50)
    reading = Reading(consumer, clock=lambda: consumer.now)
    asyncio.run(reading.read(lambda: False))
    consumer.ours = set()
    asyncio.run(reading.read(lambda: False))
    asyncio.run(reading.commit())

    assert consumer.committed == {}
    assert (reading.ends, reading.lag()) == ({}, 0)

"""Frames of the past, read from the topic at their offsets; no consumer group hears of it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from pipelines.errors import BrokerError
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.decoding import decode_frame
from stream.messages import FrameError, Message, Position

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

TIMEOUT_SECONDS: Final = 30.0
_POLL_MS: Final = 500
_RECORDS_AT_ONCE: Final = 64
_SKIPPED: Final = 256
"""So many frames that nobody wants are read over; beyond that it is quicker to seek."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Nothing lies at this place any more: removed by the topic's retention, or the topic is another one."""


class FramesTopic:
    """One connection, opened at the first reading. For one thread at a time; errors are BrokerError."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._runner: asyncio.Runner | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._places: frozenset[TopicPartition] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        runner, consumer = self._runner, self._consumer
        self._runner = self._consumer = None
        if runner is not None:
            if consumer is not None:
                runner.run(consumer.stop())
            runner.close()

    def read(self, positions: Sequence[Position]) -> Iterator[tuple[Position, bytes | Expired]]:
        """The encoded picture at each place, or that it is gone; places of one partition, by offset."""
        for start, run in _runs(positions):
            yield from self._read_run(start, run)

    def _read_run(self, start: Position, wanted: Sequence[Position]) -> Iterator[tuple[Position, bytes | Expired]]:
        left = {position.offset: position for position in wanted}
        last = wanted[-1].offset
        following = self._run(self._seek(start, last))
        while left and following is not None:
            records, following = self._run(self._poll(start, last))
            for record in records:
                for offset in [offset for offset in left if offset < record.offset]:
                    yield left.pop(offset), Expired()  # compacted or cut away
                if position := left.pop(record.offset, None):
                    yield position, _picture_of(record)
        for position in left.values():
            yield position, Expired()

    async def _seek(self, start: Position, last: int) -> int | None:
        """The offset to begin with; None when nothing is left of the run."""
        from aiokafka import TopicPartition

        consumer = self._consumer = self._consumer or await self._connect()
        place = TopicPartition(start.topic, start.partition)
        if place not in self._places:
            return None
        kept_from = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        first: int = max(start.offset, kept_from)
        if first > last or first >= end:
            return None
        if consumer.assignment() != {place}:
            consumer.assign([place])
        consumer.seek(place, first)
        return first

    async def _poll(self, start: Position, last: int) -> tuple[Sequence[Any], int | None]:
        """Records up to `last`, and the offset that follows; None when it is beyond."""
        from aiokafka import TopicPartition

        consumer = self._consumer
        assert consumer is not None  # noqa: S101  `_seek` opened it
        place = TopicPartition(start.topic, start.partition)
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        while True:
            polled = await consumer.getmany(place, timeout_ms=_POLL_MS, max_records=_RECORDS_AT_ONCE)
            following = await consumer.position(place)
            ends = following > last or following >= (consumer.highwater(place) or following + 1)
            if polled or ends:
                records = [record for record in polled.get(place, ()) if record.offset <= last]
                return records, None if ends else following
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerError(f"Expected Kafka at {self._bootstrap} to send what it holds; it fell silent.")

    async def _connect(self) -> "AIOKafkaConsumer":
        from aiokafka import AIOKafkaConsumer

        from stream.broker.header_names import tolerate_header_names

        tolerate_header_names()
        self._places = await _list_places(self._bootstrap)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=10,  # for frames to come, which nobody wants here: it would hold the next stretch up
            max_partition_fetch_bytes=2 * LARGEST_MESSAGE_BYTES,
            fetch_max_bytes=4 * LARGEST_MESSAGE_BYTES,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    def _run(self, work: Any) -> Any:
        from aiokafka.errors import KafkaError

        self._runner = self._runner or asyncio.Runner()
        try:
            return self._runner.run(work)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerError(
                f"Expected Kafka at {self._bootstrap} to answer, received {error!r}. Start it with `vigia up`, correct "
                "VIGIA_KAFKA_BOOTSTRAP, or take only kept frames with --source kept."
            ) from error


async def _list_places(bootstrap: str) -> "frozenset[TopicPartition]":
    """Every partition of every topic: a broker may create a topic that is asked for by name."""
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    return frozenset(TopicPartition(each["topic"], p["partition"]) for each in topics for p in each["partitions"])


def _runs(positions: Sequence[Position]) -> Iterator[tuple[Position, list[Position]]]:
    """Stretches that are worth reading in one go, with their first place."""
    run: list[Position] = []
    for position in positions:
        if run and (position.partition != run[-1].partition or position.offset - run[-1].offset > _SKIPPED):
            yield run[0], run
            run = []
        run.append(position)
    if run:
        yield run[0], run


def _picture_of(record: Any) -> bytes | Expired:
    """What cannot be read as a frame is another message than the one that was answered."""
    message = Message(
        position=Position(record.topic, record.partition, record.offset),
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        timestamp_ms=record.timestamp,
        received_at=datetime.now(UTC),
    )
    try:
        return decode_frame(message).jpeg
    except FrameError:
        return Expired()

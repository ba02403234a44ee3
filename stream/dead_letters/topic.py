"""The topics that dead letters lie on and go back to: read from the start, sent to a partition, cut."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import BrokerError
from stream.broker.sending import Addressed, send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES, message_limits
from stream.dead_letters.letters import KeptLetter, read_dead_letter
from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, REPLAY_ID, Position, last_header

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient

TIMEOUT_MS: Final = 30_000
_POLL_MS: Final = 500
_RECORDS_AT_ONCE: Final = 500
_PATIENCE_POLLS: Final = 60
"""Empty answers in a row, while messages are left, before the broker counts as away."""


@asynccontextmanager
async def connect(bootstrap: str, *, writing: bool = False) -> AsyncIterator["Topics"]:
    """Raises BrokerError when nobody answers."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    from stream.broker.header_names import tolerate_header_names

    tolerate_header_names()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=TIMEOUT_MS)

    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * LARGEST_MESSAGE_BYTES,
        request_timeout_ms=TIMEOUT_MS,
    )
    # idempotent: what the broker took is not sent again because its answer was lost
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=LARGEST_MESSAGE_BYTES,
        request_timeout_ms=TIMEOUT_MS,
    )
    try:
        await admin.start()
        await consumer.start()
        if writing:
            await producer.start()
        yield Topics(bootstrap, admin, consumer, producer)
    except KafkaError as error:
        raise BrokerError(
            f"Expected Kafka at {bootstrap} to answer, received {error!r}. Start it with `vigia up`, or correct "
            "VIGIA_KAFKA_BOOTSTRAP; what was not marked as replayed can be replayed again."
        ) from error
    finally:
        await admin.close()
        await consumer.stop()
        await producer.stop()


class Topics:
    """An open connection; `connect` makes it."""

    def __init__(
        self,
        bootstrap: str,
        admin: "AIOKafkaAdminClient",
        consumer: "AIOKafkaConsumer",
        producer: "AIOKafkaProducer",
    ) -> None:
        self._bootstrap = bootstrap
        self._admin = admin
        self._consumer = consumer
        self._producer = producer

    async def ends(self) -> dict[int, int]:
        """The end of each partition of the frames topic."""
        partitions = await self._partitions(FRAMES_TOPIC)
        return {tp.partition: end for tp, end in (await self._consumer.end_offsets(partitions)).items()}

    async def delete_letters(self) -> int:
        """Cut the dead-letter topic where it ends now; how many offsets that took."""
        from aiokafka.admin import RecordsToDelete

        partitions = await self._partitions(DEAD_LETTERS_TOPIC)
        starts = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        await self._admin.delete_records({partition: RecordsToDelete(ends[partition]) for partition in partitions})
        return sum(ends[partition] - starts[partition] for partition in partitions)

    async def letters(self) -> AsyncIterator[KeptLetter]:
        """Every dead letter that is on its topic now, the oldest first; some are there twice."""
        starts = await self._consumer.beginning_offsets(await self._partitions(DEAD_LETTERS_TOPIC))
        async for record in self._read(starts):
            if letter := read_dead_letter(record.key, record.value, tuple(record.headers), _time_of(record)):
                yield letter

    async def find_replays(
        self, replay_ids: Collection[str], starts: Mapping[int, int]
    ) -> tuple[dict[str, int], dict[int, int]]:
        """Offset of each of these replays that lies on the frames topic, from the given offset of its partition on.

        Beside it, the first offset that each partition still holds.
        """
        partitions = [tp for tp in await self._partitions(FRAMES_TOPIC) if tp.partition in starts]
        kept = await self._consumer.beginning_offsets(partitions)
        found: dict[str, int] = {}
        async for record in self._read({tp: max(starts[tp.partition], kept[tp]) for tp in partitions}):
            replay_id = (last_header(tuple(record.headers), REPLAY_ID) or b"").decode(errors="replace")
            if replay_id in replay_ids:
                found.setdefault(replay_id, record.offset)
        return found, {tp.partition: first for tp, first in kept.items()}

    async def send(self, messages: Sequence[Addressed]) -> list[int | None]:
        """The offset of each message, None for one that its topic will never take."""
        limits = await message_limits(self._admin)
        return await send_in_batches(self._producer, messages, largest_bytes=limits.get(FRAMES_TOPIC))

    async def _partitions(self, topic: str) -> list["TopicPartition"]:
        from aiokafka import TopicPartition

        # asked for all: a broker may create a topic that is asked for by name
        for described in await self._admin.describe_topics():
            if described["topic"] == topic:
                return sorted(TopicPartition(topic, found["partition"]) for found in described["partitions"])
        raise BrokerError(
            f"Expected the topic {topic} on {self._bootstrap}, found none: no worker ever ran there. Start one with "
            "`vigia up`, or correct VIGIA_KAFKA_BOOTSTRAP."
        )

    async def _read(self, starts: Mapping["TopicPartition", int]) -> AsyncIterator[Any]:
        """Records from the given offsets to where the partitions end now."""
        consumer = self._consumer
        ends = await consumer.end_offsets(list(starts))
        consumer.assign(list(starts))
        for partition, start in starts.items():
            consumer.seek(partition, start)
        waiting = {partition for partition, start in starts.items() if start < ends[partition]}
        silent = 0
        while waiting:
            if silent >= _PATIENCE_POLLS:
                raise BrokerError(f"Expected Kafka at {self._bootstrap} to send what it holds; it fell silent.")
            polled = await consumer.getmany(*waiting, timeout_ms=_POLL_MS, max_records=_RECORDS_AT_ONCE)
            silent = 0 if polled else silent + 1
            for partition, records in polled.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
            # not the last record's offset: what was deleted behind it is never sent
            waiting = {partition for partition in waiting if await consumer.position(partition) < ends[partition]}


def find_kept_letter(bootstrap: str, position: Position) -> KeptLetter | None:
    """The whole copy of one dead letter, or whatever the topic has of it; None when it is gone. Raises BrokerError."""
    return asyncio.run(_find_kept_letter(bootstrap, position))


async def _find_kept_letter(bootstrap: str, position: Position) -> KeptLetter | None:
    found = None
    async with connect(bootstrap) as topics:
        async for kept in topics.letters():
            if kept.position == position:
                found = kept
                if kept.complete:
                    break
    return found


def _time_of(record: Any) -> int | None:
    return None if record.timestamp is None or record.timestamp < 0 else int(record.timestamp)

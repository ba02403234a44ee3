"""Publishing what the worker found: one producer of our own, every delivery awaited."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from pipelines.errors import BrokerError
from stream.broker.sending import send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import Outgoing

TIMEOUT_MS: Final = 30_000
BATCH_BYTES: Final = 256 * 1024
_PARTITIONER: Final = DefaultPartitioner()


class Publisher:
    """Open it with `async with`, in the loop that publishes."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            max_request_size=LARGEST_MESSAGE_BYTES,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=TIMEOUT_MS,
            metadata_max_age_ms=10_000,
            linger_ms=0,
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise BrokerError(
                f"Expected Kafka at {self._bootstrap}. {error!r}. "
                "Start it with `vigia up`, or set VIGIA_KAFKA_BOOTSTRAP."
            ) from error
        self._producer = producer
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Returns when the broker has them all, one batch for each partition; each message by its key, as ever.

        Raises BrokerError for one that is larger than its topic takes, and KafkaError when the broker does not have
        them within the time.
        """
        if not messages:
            return
        producer = self._opened()
        partitions = {
            topic: sorted(await producer.partitions_for(topic)) for topic in {each.topic for each in messages}
        }
        addressed = [(partition_of(message.key, partitions[message.topic]), message) for message in messages]
        offsets = await send_in_batches(producer, addressed)
        if None in offsets:
            refused = messages[offsets.index(None)]
            raise BrokerError(
                f"Expected {refused.topic} to take a message of {len(refused.value or b'')} bytes, it refused one. "
                "Raise its max.message.bytes."
            )

    async def publish_letters(self, letters: Sequence[Outgoing]) -> list[int]:
        """Returns when the broker has all but those that are larger than their topic takes: their places."""
        if not letters:
            return []
        producer = self._opened()
        # one partition by contract; of a topic that somebody else made, any will do
        partition = min(await producer.partitions_for(letters[0].topic))
        offsets = await send_in_batches(producer, [(partition, letter) for letter in letters])
        return [place for place, offset in enumerate(offsets) if offset is None]

    def _opened(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise BrokerError("Expected an open publisher; use it with `async with`.")
        return self._producer


def partition_of(key: bytes | None, partitions: Sequence[int]) -> int:
    """Where `AIOKafkaProducer.send` puts a message of this key, as every Kafka client does."""
    partition: int = _PARTITIONER(key, partitions, partitions)
    return partition

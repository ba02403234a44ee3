"""Publishing what the worker found: one producer of our own, every delivery awaited."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipelines.errors import BrokerError
from stream.broker.sending import send_in_batches
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import Outgoing

TIMEOUT_MS: Final = 30_000
BATCH_BYTES: Final = 256 * 1024


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
        """Returns when the broker has them all. Raises KafkaError when it does not within the time."""
        producer = self._opened()
        deliveries = [
            await producer.send(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                timestamp_ms=message.timestamp_ms,
            )
            for message in messages
        ]
        await asyncio.gather(*deliveries)

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

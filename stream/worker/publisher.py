"""Publishing what the worker found: one producer of our own, every delivery awaited."""

import asyncio
from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from pipelines.errors import BrokerError
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.messages import Outgoing

TIMEOUT_MS: Final = 30_000


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
        await asyncio.gather(*[await self._send(message) for message in messages])

    async def publish_what_fits(self, messages: Sequence[Outgoing]) -> list[int]:
        """Returns when the broker has all but those that are larger than their topic takes: their places."""
        too_large: list[int] = []
        deliveries: dict[int, Awaitable[object]] = {}
        for place, message in enumerate(messages):
            try:
                deliveries[place] = await self._send(message)
            except MessageSizeTooLargeError:
                too_large.append(place)
        outcomes = await asyncio.gather(*deliveries.values(), return_exceptions=True)
        for place, outcome in zip(deliveries, outcomes, strict=True):
            if isinstance(outcome, MessageSizeTooLargeError):
                too_large.append(place)
            elif isinstance(outcome, BaseException):
                raise outcome
        return too_large

    async def _send(self, message: Outgoing) -> Awaitable[object]:
        if self._producer is None:
            raise BrokerError("Expected an open publisher; use it with `async with`.")
        delivery: Awaitable[object] = await self._producer.send(
            message.topic,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
            timestamp_ms=message.timestamp_ms,
        )
        return delivery

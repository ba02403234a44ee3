"""Delivery of frames: a message is handed over once, however long the broker is away."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from pipelines.errors import BrokerError, CameraError
from stream.broker.topics import LARGEST_MESSAGE_BYTES, ensure_topics
from stream.messages import FRAMES_TOPIC, Outgoing

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 5.0
"""How long a delivery may take before the camera says why it is late."""

log = logging.getLogger(__name__)
Say = Callable[[str], object]


class Pauses:
    """Longer and longer, with jitter, so that many cameras do not come back at the same moment."""

    def __init__(self) -> None:
        self._seconds = FIRST_PAUSE_SECONDS

    async def wait(self) -> None:
        await asyncio.sleep(self._seconds * random.uniform(0.5, 1.0))  # noqa: S311  jitter is no secret
        self._seconds = min(self._seconds * 2, LONGEST_PAUSE_SECONDS)


class Delivery:
    """One idempotent producer for all cameras, connected at the first frame. Open it with `async with`."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await self._disconnect(self._producer)

    async def connect(self, say: Say) -> None:
        """Connected when this returns, or after a few seconds without a broker, which `deliver` goes on waiting for.

        A frame that was captured before would be as old as the connection took.
        """
        connecting = asyncio.ensure_future(self._connected(say))
        await asyncio.wait({connecting}, timeout=CONNECT_SECONDS)

    async def deliver(self, message: Outgoing, say: Say) -> None:
        """Returns when the broker has the message; `say` hears why it takes long.

        Raises CameraError for a message that the broker will never take.
        """
        pauses = Pauses()
        while True:
            producer = await self._connected(say)
            try:
                await self._hand_over(producer, message, say)
                return
            except MessageSizeTooLargeError as error:
                raise CameraError(f"Expected a frame that the topic takes. {error}.") from error
            except KafkaError as error:
                say(f"the broker at {self._bootstrap} does not take frames: {error!r}")
                await self._disconnect(producer)
                await pauses.wait()

    async def _hand_over(self, producer: AIOKafkaProducer, message: Outgoing, say: Say) -> None:
        taken = await producer.send(message.topic, key=message.key, value=message.value, headers=list(message.headers))
        while not (await asyncio.wait({taken}, timeout=PATIENCE_SECONDS))[0]:
            # an idempotent producer goes on trying by itself and never sends a frame twice
            say(f"waiting for the broker at {self._bootstrap}")
        taken.result()

    async def _connected(self, say: Say) -> AIOKafkaProducer:
        pauses = Pauses()
        async with self._connecting:
            while self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=LARGEST_MESSAGE_BYTES,
                    metadata_max_age_ms=10_000,
                )
                try:
                    await asyncio.to_thread(ensure_topics, self._bootstrap, CONNECT_SECONDS)
                    await producer.start()
                    await producer.partitions_for(FRAMES_TOPIC)
                    self._producer = producer
                except (KafkaError, BrokerError) as error:
                    say(f"waiting for the broker at {self._bootstrap}: {error}")
                    await producer.stop()
                    await pauses.wait()
            return self._producer

    async def _disconnect(self, producer: AIOKafkaProducer) -> None:
        current = self._producer
        if current is None or current is not producer:
            return  # another camera was quicker
        self._producer = None
        with suppress(KafkaError, asyncio.TimeoutError):
            # what is still on its way to a broker that is away is not worth waiting for: it is sent again
            await asyncio.wait_for(current.stop(), timeout=PATIENCE_SECONDS)

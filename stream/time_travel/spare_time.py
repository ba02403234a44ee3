"""Spare time: none while production is behind."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from pipelines.errors import StoreError
from stream.messages import FRAMES_TOPIC
from stream.spare.production import Look, Looks, build_look, read_production
from stream.store import PredictionStore

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

LOOK_SECONDS: Final = 0.5
CALM_LOOKS: Final = 2
"""In a row, before the work goes on."""
SAY_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 5.0
"""A broker that takes longer is away."""


class SpareTime:
    """Looks at production twice a second, on a thread of its own, as long as the block lasts."""

    def __init__(
        self, store: PredictionStore, bootstrap: str | None, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self._store = store
        self._address = bootstrap
        self._say = say
        self._free = threading.Event()
        self._free.set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looking at production", daemon=True)
        self._said_at = float("-inf")
        self.waited_seconds = 0.0

    def __enter__(self) -> Self:
        if self._address:
            self._thread.start()
        return self

    def release(self) -> None:
        """Who waits goes on, and nobody waits any more."""
        self._closed.set()
        self._free.set()

    def __exit__(self, *_: object) -> None:
        self.release()
        if self._address:
            self._thread.join(2 * ANSWER_SECONDS)

    def wait(self) -> None:
        """Returns when production is not behind, or nobody knows."""
        if self._free.is_set():
            return
        began = time.monotonic()
        while True:
            if time.monotonic() - self._said_at > SAY_SECONDS:
                self._said_at = time.monotonic()
                self._say("production is behind: waiting")
            if self._free.wait(1.0):
                break
        self.waited_seconds += time.monotonic() - began

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
        finally:
            self._free.set()  # a broker that is away has nothing to be behind with

    async def _watch(self) -> None:
        from aiokafka.errors import KafkaError

        while not self._closed.is_set():
            try:
                await self._watch_connected()
            except (KafkaError, OSError, TimeoutError, StoreError):
                self._free.set()
                await asyncio.sleep(LOOK_SECONDS)

    async def _watch_connected(self) -> None:
        from aiokafka import AIOKafkaConsumer

        looks, calm = Looks(), 0
        consumer = AIOKafkaConsumer(bootstrap_servers=self._address)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await consumer.start()
            while not self._closed.is_set():
                calm = 0 if looks.add(await self._look(consumer)) else calm + 1
                if calm == 0 and not self._closed.is_set():
                    self._free.clear()
                elif calm >= CALM_LOOKS:
                    self._free.set()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            with suppress(asyncio.CancelledError):  # aiokafka's own, when it is stopped as soon as it was started
                await consumer.stop()

    async def _look(self, consumer: "AIOKafkaConsumer") -> Look:
        from aiokafka import TopicPartition

        ledger = await asyncio.to_thread(read_production, self._store)
        partitions = {TopicPartition(FRAMES_TOPIC, number) for entries in ledger.values() for number in entries}
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions)) if partitions else {}
        return build_look(time.monotonic(), ledger, {place.partition: end for place, end in ends.items()})

"""Spare time: none while production is behind."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from pipelines.errors import StoreError
from stream.messages import FRAMES_TOPIC, GROUP
from stream.store import PredictionStore

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

LOOK_SECONDS: Final = 0.5
MEMORY_SECONDS: Final = 10.0
"""A group that moved nothing for so long is not served; nobody is in its way."""
FEWEST_WAITING: Final = 64
WAITING_SECONDS: Final = 0.5
"""Frames that were read at this rate may wait so long: a worker holds three batches of 75 ms in its hands."""
CALM_LOOKS: Final = 2
"""In a row, before the work goes on."""
SAY_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 5.0
"""A broker that takes longer is away."""


@dataclass(frozen=True, slots=True)
class Group:
    """How far a consumer group was at one look."""

    read: int
    """Offsets accounted for, over all partitions."""
    dropped: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Look:
    """Every consumer group at one moment."""

    at: float
    """Monotonic seconds."""
    groups: Mapping[str, Group]


def is_behind(looks: Sequence[Look]) -> bool:
    """Whether some group that is being served has more waiting than it has in hand, or drops frames.

    Looks of the last ten seconds, the oldest first.
    """
    if len(looks) < 2:
        return False
    oldest, before, now = looks[0], looks[-2], looks[-1]
    for name, group in now.groups.items():
        first, last = oldest.groups.get(name, group), before.groups.get(name, group)
        moved = group.read - first.read
        if moved <= 0:
            continue
        rate = moved / max(now.at - oldest.at, 1e-3)
        if group.dropped > last.dropped or group.waiting > max(FEWEST_WAITING, WAITING_SECONDS * rate):
            return True
    return False


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

        looks: deque[Look] = deque()
        calm = 0
        consumer = AIOKafkaConsumer(bootstrap_servers=self._address)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await consumer.start()
            while not self._closed.is_set():
                looks.append(await self._look(consumer))
                while looks[-1].at - looks[0].at > MEMORY_SECONDS:
                    looks.popleft()
                calm = 0 if is_behind(tuple(looks)) else calm + 1
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

        from stream.accounting.ledgers import read_ledger

        known = await asyncio.to_thread(read_ledger, self._store, FRAMES_TOPIC)
        ledger = {name: entries for name, entries in known.items() if name.startswith(GROUP)}
        partitions = {TopicPartition(FRAMES_TOPIC, number) for entries in ledger.values() for number in entries}
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions)) if partitions else {}
        by_number = {place.partition: end for place, end in ends.items()}
        groups = {
            name: Group(
                read=sum(entry.next_offset for entry in entries.values()),
                dropped=sum(entry.dropped for entry in entries.values()),
                waiting=sum(max(0, by_number[number] - entry.next_offset) for number, entry in entries.items()),
            )
            for name, entries in ledger.items()
        }
        return Look(time.monotonic(), groups)

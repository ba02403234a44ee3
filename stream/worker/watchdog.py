"""The watchdog: a worker that has frames to read and acknowledges none is ended, so that it is started again."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from stream.worker.contacts import Contact

POLL_SECONDS: Final = 5.0
POLLS_WITHOUT_PROGRESS: Final = 12
ANSWER_SECONDS: Final = 10.0
"""A broker that takes longer is away: a frozen one accepts connections and says nothing."""
EXIT_CODE: Final = 3

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """Counts polls, not seconds: a process that was frozen wakes late and must not be ended for it."""

    polls: int = 0
    acked: int = -1

    def is_stuck(self, *, lag: int, acked: int) -> bool:
        """Whether frames have been waiting for N polls in a row while not one was acknowledged."""
        if lag <= 0 or acked != self.acked:
            self.polls = 0
        else:
            self.polls += 1
        self.acked = acked
        return self.polls >= POLLS_WITHOUT_PROGRESS


@dataclass(frozen=True, slots=True)
class Reading:
    """One look of the watchdog."""

    lag: Mapping[int, int]
    """Frames that wait, by partition of those that this worker reads."""
    polls_without_progress: int


class Watchdog:
    """Asks the broker itself, on a connection and a thread of its own; the worker's own numbers may be stale.

    `broker` is told whether the broker answers, `observe` hears every reading, and `leave` why the worker is ended.
    """

    def __init__(
        self,
        bootstrap: str,
        group: str,
        *,
        assigned: Callable[[], Iterable[tuple[str, int]]],
        acked: Callable[[], int],
        broker: Contact,
        observe: Callable[[Reading], None],
        leave: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._assigned = assigned
        self._acked = acked
        self._broker = broker
        self._observe = observe
        self._say_why = leave

    def start(self) -> None:
        threading.Thread(target=lambda: asyncio.run(self._watch()), name="watchdog", daemon=True).start()

    async def _watch(self) -> None:
        progress = Progress()
        while True:
            try:
                await self._watch_connected(progress)
            except (TimeoutError, KafkaError, OSError) as error:
                # a broker that is away is no fault of this worker
                self._broker.lost(str(error) or f"no answer within {ANSWER_SECONDS:g} s")
                log.debug("the watchdog cannot reach the broker: %r", error)
                await asyncio.sleep(POLL_SECONDS)

    async def _watch_connected(self, progress: Progress) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await admin.start()
                await consumer.start()
            while True:
                await asyncio.sleep(POLL_SECONDS)
                async with asyncio.timeout(ANSWER_SECONDS):
                    lag = await self._lag(admin, consumer)
                self._broker.heard()
                stuck = progress.is_stuck(lag=sum(lag.values()), acked=self._acked())
                self._observe(Reading({tp.partition: frames for tp, frames in lag.items()}, progress.polls))
                if stuck:
                    self._leave(sum(lag.values()), progress.polls)
        finally:
            await consumer.stop()
            await admin.close()

    def _leave(self, lag: int, polls: int) -> None:
        words = f"{lag} frames waited and none was acknowledged in {polls} looks at the broker"
        log.error("%s, leaving", words)
        self._say_why(words)
        logging.shutdown()
        os._exit(EXIT_CODE)

    async def _lag(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        partitions = [TopicPartition(topic, partition) for topic, partition in self._assigned()]
        if not partitions:
            # nothing to count, but whether the broker answers is asked all the same
            await admin.list_consumer_group_offsets(self._group)
            return {}
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(self._group, partitions=partitions)
        return frames_waiting(starts, ends, {partition: known.offset for partition, known in committed.items()})


def frames_waiting(
    starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Messages behind the committed offset; a partition without one (-1 or absent) begins at its start."""
    return {tp: max(end - max(committed.get(tp, -1), starts.get(tp, 0)), 0) for tp, end in ends.items()}

"""The watchdog: a worker that has frames to read and acknowledges none is ended, so that it is started again."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from stream.monitoring.contacts import Contact

POLL_SECONDS: Final = 5.0
PULSE_SECONDS: Final = 0.2
POLLS_WITHOUT_PROGRESS: Final = 12
ANSWER_SECONDS: Final = 10.0
"""A broker that takes longer is away: a frozen one accepts connections and says nothing."""
EXIT_CODE: Final = 3

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pulse:
    """Beats in the worker's event loop; a loop that stands still has none."""

    contact: Contact
    """Hears each beat."""
    beats: int = 0

    async def beat(self, every_seconds: float = PULSE_SECONDS) -> None:
        """Never returns."""
        while True:
            self.beats += 1
            self.contact.heard()
            await asyncio.sleep(every_seconds)


@dataclass(slots=True)
class Progress:
    """Counts polls, not seconds: a process that was frozen wakes late and must not be ended for it."""

    polls: int = 0
    acked: int = -1
    silent_polls: int = 0
    beats: int = -1

    def is_stuck(self, *, lag: int, acked: int) -> bool:
        """Whether frames have been waiting for N polls in a row while not one was acknowledged."""
        if lag <= 0 or acked != self.acked:
            self.polls = 0
        else:
            self.polls += 1
        self.acked = acked
        return self.polls >= POLLS_WITHOUT_PROGRESS

    def is_silent(self, beats: int) -> bool:
        """Whether the event loop, once it began to turn, has stood still for N polls in a row.

        Its partitions are others' by then, so that no frame waits for it: it would never be found out by the lag.
        """
        self.silent_polls = self.silent_polls + 1 if beats and beats == self.beats else 0
        self.beats = beats
        return self.silent_polls >= POLLS_WITHOUT_PROGRESS


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
        beats: Callable[[], int],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._assigned = assigned
        self._acked = acked
        self._broker = broker
        self._observe = observe
        self._say_why = leave
        self._beats = beats
        self._poll_seconds = poll_seconds

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
            except Exception:  # a watchdog that ended by itself would be missed by nobody
                log.exception("the watchdog failed and goes on")
            await asyncio.sleep(self._poll_seconds)

    async def _watch_connected(self, progress: Progress) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await admin.start()
                await consumer.start()
            while True:
                await asyncio.sleep(self._poll_seconds)
                async with asyncio.timeout(ANSWER_SECONDS):
                    lag = await self._lag(admin, consumer)
                self._broker.heard()
                stuck = progress.is_stuck(lag=sum(lag.values()), acked=self._acked())
                self._observe(Reading({tp.partition: frames for tp, frames in lag.items()}, progress.polls))
                if stuck:
                    self._leave(
                        f"{sum(lag.values())} frames waited and none was acknowledged in {progress.polls} looks at the "
                        "broker"
                    )
                if progress.is_silent(self._beats()):
                    self._leave(f"the event loop stood still for {progress.silent_polls} looks at the broker")
        finally:
            await consumer.stop()
            await admin.close()

    def _leave(self, words: str) -> NoReturn:
        """End the process, whatever its other threads do; the supervisor starts it again."""
        log.error("%s, leaving; what was not acknowledged comes again", words)
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

"""The agent: one batch of frames after the other becomes rows and predictions, acknowledged in order.

While one batch is stored, published and acknowledged, the next is answered.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from faust.types import EventT, StreamT

from pipelines.errors import BrokerError
from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.consensus.live import LiveConsensus
from stream.dead_letters.letters import encode_dead_letter
from stream.frames.keeper import Keeper
from stream.messages import DEAD_LETTERS_TOPIC, GROUP, DeadLetter, Message, Outgoing, Position, encode_prediction
from stream.monitoring.metrics import WorkerMetrics
from stream.reading.app import LossFreeApp
from stream.reading.arrivals import batches
from stream.reading.freshness import DroppedFrame
from stream.reading.pace import Pace
from stream.store import PredictionStore
from stream.worker.batches import BatchReader, Routes, Serving
from stream.worker.dead_letter_lines import log_dead_letters
from stream.worker.inferring import BrokenModelError
from stream.worker.latest_frames import LatestFrames
from stream.worker.outcomes import BatchOutcome
from stream.worker.publisher import Publisher
from stream.worker.storing import store_outcome

DEAD_LETTER_VALUE_BYTES: Final = LARGEST_MESSAGE_BYTES - 256 * 1024


@dataclass(slots=True)
class Agent:
    """One batch after the other: answer it in a thread, store what came of it in another, publish, acknowledge."""

    app: LossFreeApp
    store: PredictionStore
    publisher: Publisher
    reader: BatchReader
    latest: LatestFrames
    keeper: Keeper
    serving: Callable[[], Serving]
    routes: Callable[[], Routes]
    consensus: LiveConsensus
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    pace: Pace = field(default_factory=Pace)
    group: str = GROUP
    observe: Callable[[BatchOutcome], None] = lambda outcome: None
    """Hears of each batch that is stored, on the thread that stores."""
    condemn: Callable[[BrokenModelError, Sequence[Message]], None] = lambda error, messages: None
    """Hears of a version that answers nothing any more, before the worker ends for it; on the thread that infers."""
    acked: int = 0
    reading: bool = False
    _inference: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="inference")
    )
    _storing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="storing"))

    async def serve(self, stream: StreamT[Any]) -> None:
        """Runs until the stream ends. Whatever fails ends the worker; what was not acknowledged comes again."""
        loop = asyncio.get_running_loop()
        delivering: asyncio.Task[None] | None = None
        async with self.publisher:
            self.reading = True
            try:
                async for events in batches(stream, self.pace):
                    messages, dropped = sort_out(events, time.monotonic())
                    work = loop.run_in_executor(self._inference, self._answer, messages, dropped, has_realtime(events))
                    if delivering is not None:
                        await delivering
                    delivering = asyncio.create_task(self._settle(events, messages, await work))
                    delivering.add_done_callback(self._fail_loudly)
                    del events, messages, work  # their pictures are not held until the next batch comes
            finally:
                self.reading = False
                if delivering is not None:
                    delivering.cancel()

    def between_batches(self, work: Callable[[], Any]) -> Future[Any]:
        """On the thread that infers, which no batch uses meanwhile: a classifier is not for two threads."""
        return self._inference.submit(work)

    def _answer(
        self, messages: Sequence[Message], dropped: Sequence[DroppedFrame] = (), realtime: bool = False
    ) -> BatchOutcome:
        began = time.perf_counter()
        # one read each: the watcher may replace them while this batch is classified
        try:
            outcome = self.reader.read(messages, self.serving(), self.routes(), dropped)
        except BrokenModelError as error:
            self.condemn(error, messages)
            raise
        self.pace.observe(len(messages), time.perf_counter() - began, realtime=realtime)
        return outcome

    async def _settle(
        self, events: Sequence[EventT[bytes]], messages: Sequence[Message], outcome: BatchOutcome
    ) -> None:
        """Stored, then published, then acknowledged: whatever fails between leaves the batch to be read again."""
        loop = asyncio.get_running_loop()
        outcome = await loop.run_in_executor(self._storing, self._store, messages, outcome)
        noted = loop.run_in_executor(self._storing, self._note, outcome)
        await self._deliver(events, outcome)
        await noted

    def _store(self, messages: Sequence[Message], outcome: BatchOutcome) -> BatchOutcome:
        outcome = self.consensus.add(outcome)
        with self.metrics.timed("store"):
            return store_outcome(self.store, messages, outcome, self.reader.clock, group=self.group)

    def _note(self, outcome: BatchOutcome) -> None:
        """For those who watch: it is stored already, and is being published."""
        self.metrics.observe_batch(outcome)
        log_dead_letters([letter for _, letter in outcome.dead_letters])
        for camera_id, jpeg in outcome.latest.items():
            self.latest.keep(camera_id, jpeg)
        self.keeper.offer(outcome)
        self.observe(outcome)

    async def _deliver(self, events: Sequence[EventT[bytes]], outcome: BatchOutcome) -> None:
        with self.metrics.timed("publish"):
            await self._publish_dead_letters(outcome)
            await self.publisher.publish([encode_prediction(prediction) for prediction in outcome.predictions])
        for event in events:
            # after a rebalance the frame belongs to another worker, which reads it again
            if event.message.generation_id == self.app.consumer_generation_id:
                event.ack()
                self.acked += 1

    async def _publish_dead_letters(self, outcome: BatchOutcome) -> None:
        def encode(letters: Iterable[tuple[Message, DeadLetter]], max_value_bytes: int) -> list[Outgoing]:
            return [
                encode_dead_letter(message, letter, worker=self.reader.worker, max_value_bytes=max_value_bytes)
                for message, letter in letters
            ]

        too_large = await self.publisher.publish_letters(encode(outcome.dead_letters, DEAD_LETTER_VALUE_BYTES))
        # the topic of another broker may take less than ours
        by_hash = encode([outcome.dead_letters[place] for place in too_large], 0)
        if await self.publisher.publish_letters(by_hash):
            raise BrokerError(
                f"Expected {DEAD_LETTERS_TOPIC} to take messages of 20 kB, it refused one. Raise its max.message.bytes."
            )

    def _fail_loudly(self, delivering: asyncio.Task[None]) -> None:
        if not delivering.cancelled() and (error := delivering.exception()) is not None:
            # the agent may be waiting for a frame that never comes, and would not notice
            asyncio.ensure_future(self.app.crash(error))  # noqa: RUF006  the process ends with it


def sort_out(events: Sequence[EventT[bytes]], now: float) -> tuple[list[Message], list[DroppedFrame]]:
    """What is to be answered, and what was dropped before it or waited too long in flight.

    The last frame is answered however long it waited: a model that is slower than that would answer none.
    """
    messages, dropped = [], []
    for event in events:
        frame: Any = event.message
        dropped.extend(frame.dropped_before)
        late = frame.too_late(now) if event is not events[-1] else None
        if late is None:
            messages.append(read_message(event))
        else:
            dropped.append(late)
    return messages, dropped


def has_realtime(events: Sequence[EventT[bytes]]) -> bool:
    """Whether any of them grows too old to be answered."""
    frames: list[Any] = [event.message for event in events]
    return any(frame.aged is not None for frame in frames)


def read_message(event: EventT[bytes]) -> Message:
    """The event's message byte for byte, as Kafka gave it."""
    raw: Any = event.message
    headers: Any = raw.headers or ()
    return Message(
        position=Position(raw.topic, raw.partition, raw.offset),
        key=raw.key,
        value=raw.value,
        headers=tuple(headers.items()) if isinstance(headers, dict) else tuple(headers),
        timestamp_ms=raw.timestamp_ms,
        received_at=datetime.now(UTC),
    )

"""The agent: one batch of frames after the other becomes rows and predictions, acknowledged in order."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka.errors import MessageSizeTooLargeError
from faust.types import EventT, StreamT

from stream.broker.topics import LARGEST_MESSAGE_BYTES
from stream.dead_letters.letters import encode_dead_letter
from stream.frames.keeper import Keeper
from stream.messages import Message, Outgoing, Position, encode_prediction
from stream.store import PredictionStore
from stream.worker.app import LossFreeApp, batches
from stream.worker.batches import BatchOutcome, BatchReader, Routes, Serving
from stream.worker.latest_frames import LatestFrames
from stream.worker.publisher import Publisher

DEAD_LETTER_VALUE_BYTES: Final = LARGEST_MESSAGE_BYTES - 256 * 1024


@dataclass(slots=True)
class Agent:
    """One batch after the other: decode, classify and store in a thread; then publish; then acknowledge."""

    app: LossFreeApp
    store: PredictionStore
    publisher: Publisher
    reader: BatchReader
    latest: LatestFrames
    keeper: Keeper
    serving: Callable[[], Serving]
    routes: Callable[[], Routes]
    acked: int = 0
    reading: bool = False
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="inference"))

    async def serve(self, stream: StreamT[Any]) -> None:
        """Runs until the stream ends. Whatever fails ends the worker; what was not acknowledged comes again."""
        loop = asyncio.get_running_loop()
        delivering: asyncio.Task[None] | None = None
        async with self.publisher:
            self.reading = True
            try:
                async for events in batches(stream):
                    messages = [read_message(event) for event in events]
                    work = loop.run_in_executor(self._thread, self._answer, messages)
                    if delivering is not None:
                        await delivering
                    delivering = asyncio.create_task(self._deliver(events, await work))
                    delivering.add_done_callback(self._fail_loudly)
            finally:
                self.reading = False
                if delivering is not None:
                    delivering.cancel()

    def _answer(self, messages: Sequence[Message]) -> BatchOutcome:
        # one read each: the watcher may replace them while this batch is classified
        outcome = self.reader.read(messages, self.serving(), self.routes())
        self.store.store_batch(outcome.predictions, [letter for _, letter in outcome.dead_letters])
        for camera_id, jpeg in outcome.latest.items():
            self.latest.keep(camera_id, jpeg)
        self.keeper.offer(outcome)
        return outcome

    async def _deliver(self, events: Sequence[EventT[bytes]], outcome: BatchOutcome) -> None:
        await self._publish_dead_letters(outcome)
        await self.publisher.publish([encode_prediction(prediction) for prediction in outcome.predictions])
        for event in events:
            # after a rebalance the frame belongs to another worker, which reads it again
            if event.message.generation_id == self.app.consumer_generation_id:
                event.ack()
                self.acked += 1

    async def _publish_dead_letters(self, outcome: BatchOutcome) -> None:
        def letters(max_value_bytes: int) -> list[Outgoing]:
            return [
                encode_dead_letter(message, letter, worker=self.reader.worker, max_value_bytes=max_value_bytes)
                for message, letter in outcome.dead_letters
            ]

        try:
            await self.publisher.publish(letters(DEAD_LETTER_VALUE_BYTES))
        except MessageSizeTooLargeError:
            # the topic of another broker may take less than ours
            await self.publisher.publish(letters(0))

    def _fail_loudly(self, delivering: asyncio.Task[None]) -> None:
        if not delivering.cancelled() and (error := delivering.exception()) is not None:
            # the agent may be waiting for a frame that never comes, and would not notice
            asyncio.ensure_future(self.app.crash(error))  # noqa: RUF006  the process ends with it


def read_message(event: EventT[bytes]) -> Message:
    """The event's message byte for byte, as Kafka gave it."""
    raw = event.message
    headers: Any = raw.headers or ()
    has_time = raw.timestamp is not None and raw.timestamp >= 0
    return Message(
        position=Position(raw.topic, raw.partition, raw.offset),
        key=raw.key,
        value=raw.value,
        headers=tuple(headers.items()) if isinstance(headers, dict) else tuple(headers),
        timestamp_ms=round(raw.timestamp * 1000) if has_time else None,
        received_at=datetime.now(UTC),
    )

"""Faust's consumer, which hands out no more than is in hand to be answered, and leaves out what is too old.

It relies on parts of Faust and aiokafka that the tests pin.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP
from faust.types.tuples import ConsumerMessage, ack_lock

from stream.messages import Position
from stream.reading.flight import Flight
from stream.reading.freshness import LATE_SECONDS, DroppedFrame, Freshness, read_head
from stream.reading.leaving import LeavingThread
from stream.reading.patience import wait_patiently

FETCH_WAIT_SECONDS: Final = 0.1
"""A partition whose frames were taken a moment too late waits this long for the others' fetch to return."""
FETCH_BYTES: Final = 2 * 1024 * 1024
"""Of all partitions in one answer of a broker; a single frame may be larger. It is copied five times on its way through
aiokafka: what no longer fits into the processor's caches costs three times as much a frame."""
PARTITION_BYTES: Final = 1024 * 1024
"""Of one partition in it, so that none is left out for another's backlog."""
DROPS_WITHOUT_A_PAUSE: Final = 100


class FrameMessage(ConsumerMessage):
    """A message of Kafka, the frames right before it that were too old to be handed out, and when it is too old."""

    dropped_before: tuple[DroppedFrame, ...] = ()
    aged: DroppedFrame | None = None
    """The frame as it was handed out; None for one that is never too old."""
    handed_out_at: float = 0.0
    """Monotonic seconds."""
    timestamp_ms: int | None = None
    """Faust keeps seconds as a float, which does not hold every time that a sender can write."""

    def too_late(self, now: float) -> DroppedFrame | None:
        """The frame as it is dropped when it has waited too long since it was handed out."""
        if self.aged is None:
            return None
        age = self.aged.age_seconds + now - self.handed_out_at
        return replace(self.aged, age_seconds=age) if age > LATE_SECONDS else None


class FrameConsumerThread(LeavingThread):
    """Faust's thread around aiokafka's consumer, with limits that Faust has no setting for."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(FETCH_WAIT_SECONDS * 1000)
        consumer._fetch_max_bytes = FETCH_BYTES
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        wait_patiently(self._consumer)


class PlainConsumer(Consumer):
    """Faust's own with our messages, for a Faust that has not all that the consumer below stands on."""

    def _to_message(self, tp: TP, record: Any) -> FrameMessage:
        return build_message(tp, record, self.app.consumer_generation_id)


class FrameConsumer(PlainConsumer):
    """Hands out a frame only when there is room for it in flight, and judges its age at that very moment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        transport: Any = self.transport
        self.flight: Flight = transport.flight
        self.freshness: Freshness = transport.freshness
        self._dropped: dict[TP, dict[int, DroppedFrame]] = {}
        self._handed_out_with: dict[TP, tuple[DroppedFrame, ...]] = {}
        self._generation: int | None = None

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109  upstream's
        dropped_in_a_row = 0
        found: AsyncIterator[tuple[TP, Any]] = super().getmany(timeout)
        async for tp, message in found:
            await self.flight.wait_for_room(unless=lambda: not self.flow_active or self.should_stop)
            if not self.flow_active or message.generation_id != self.app.consumer_generation_id:
                return  # a rebalance: what is in hand is read again, here or elsewhere
            if self._drops(tp, message):
                dropped_in_a_row += 1
                if dropped_in_a_row % DROPS_WITHOUT_A_PAUSE == 0:
                    await asyncio.sleep(0)
                continue
            message.dropped_before = self._handed_out_with[tp] = self._take_dropped(tp, message.offset)
            self.flight.board(message, len(message.value or b""))
            yield tp, message

    async def wait_first(self, *coros: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109  upstream's
        """Upstream hands every message out beside a wait for the end of the flow: four tasks, for what takes no turn.

        While the flow is on, handing out never waits: what is in flight always fits into Faust's buffer.
        """
        if len(coros) == 2 and self.flow_active and self.app.flow_control.is_active() and not self.should_stop:
            handing_out, suspended = coros
            suspended.close()
            return await handing_out
        return await super().wait_first(*coros, timeout=timeout)

    def ack(self, message: Any) -> bool:
        """Also of what was dropped right before it: a commit never passes a frame that the ledger does not know."""
        with ack_lock:
            self.flight.release(message)
            acked = super().ack(message)
            if acked:
                for frame in message.dropped_before:
                    offset = frame.position.offset
                    if offset not in self._acked_index[message.tp]:
                        self._acked_index[message.tp].add(offset)
                        self._acked[message.tp].append(offset)
            return acked

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  the name is upstream's
        began = time.monotonic()
        records, active = await super()._wait_next_records(timeout)
        if self.flow_active:
            self._look_at_ends(records or {}, active or set(), waited=time.monotonic() - began)
        return records, active

    def _look_at_ends(self, records: Mapping[TP, Sequence[Any]], active: Collection[TP], *, waited: float) -> None:
        """A fetch was waiting for frames that were not there a moment ago: none of them is older than that."""
        for topic, partition in self.freshness.watched():
            tp = TP(topic, partition)
            end = None
            if records.get(tp):
                end = records[tp][0].offset if waited >= FETCH_WAIT_SECONDS else None
            elif tp in active:
                end = self.highwater(tp)
            if end is not None:
                self.freshness.nothing_beyond((topic, partition), end, ago_seconds=FETCH_WAIT_SECONDS)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets that are in no batch: what Kafka removed, but not what was dropped here, which is acknowledged.

        Upstream counts the frame at `offset_to` as well, which has just been read.
        """
        for frame in self._handed_out_with.get(tp, ()):
            if offset_from < frame.position.offset:
                await super()._add_gap(tp, offset_from, frame.position.offset - 1)
            offset_from = frame.position.offset + 1
        if offset_from < offset_to:
            await super()._add_gap(tp, offset_from, offset_to - 1)

    def _drops(self, tp: TP, message: Any) -> bool:
        if message.generation_id != self._generation:
            # what was dropped before a rebalance is read and judged again
            self._dropped, self._generation = {}, message.generation_id
        position = Position(tp.topic, tp.partition, message.offset)
        head = read_head(position, message.key, message.headers or (), message.timestamp)
        verdict = self.freshness.judge(head, self.highwater(tp))
        message.aged, message.handed_out_at = verdict.aged, time.monotonic()
        if not verdict.answer and verdict.aged is not None:
            self._dropped.setdefault(tp, {})[message.offset] = verdict.aged
        return not verdict.answer

    def _take_dropped(self, tp: TP, before: int) -> tuple[DroppedFrame, ...]:
        dropped = self._dropped.pop(tp, {})
        return tuple(dropped[offset] for offset in sorted(dropped) if offset < before)

    def _new_consumer_thread(self) -> FrameConsumerThread:
        return FrameConsumerThread(self, loop=self.loop, beacon=self.beacon)


def build_message(tp: TP, record: Any, generation_id: int) -> FrameMessage:
    """Of what aiokafka read."""
    message = FrameMessage(
        record.topic,
        record.partition,
        record.offset,
        None if record.timestamp is None else record.timestamp / 1000,  # type: ignore[arg-type]  # as upstream has it
        record.timestamp_type,
        record.headers,
        record.key,
        record.value,
        record.checksum,
        record.serialized_key_size,
        record.serialized_value_size,
        tp,
        generation_id=generation_id,
    )
    message.timestamp_ms = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
    return message


class PlainTransport(Transport):
    """Faust's transport with its own consumer."""

    Consumer = PlainConsumer


class FrameTransport(Transport):
    """Faust's transport with the consumer that bounds what is in flight and leaves out what is too old."""

    Consumer = FrameConsumer

    def __init__(self, *args: Any, flight: Flight, freshness: Freshness, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flight, self.freshness = flight, freshness

"""What the consumer hands out, and the parts of Faust and aiokafka that it relies on, pinned."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.transport.consumer import Consumer as BaseConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as UpstreamConsumer
from faust.types import TP

from stream.messages import FRAMES_TOPIC
from stream.reading.app import LossFreeApp, build_app
from stream.reading.consumer import FETCH_BYTES, FrameConsumer, FrameConsumerThread, FrameMessage
from stream.reading.freshness import LATE_SECONDS, DroppedFrame, Freshness
from stream.reading.pace import Pace

HERE = TP(FRAMES_TOPIC, 0)


@pytest.fixture
def app(tmp_path: Path) -> LossFreeApp:
    freshness = Freshness(lambda: {"gate": "realtime"}, steady=lambda: 0.0, wall=lambda: 1000.0)
    app = build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path, pace=Pace(frames=32), freshness=freshness)
    app.consumer_generation_id = 1
    cast(Any, app.topics)._acking_topics.add(FRAMES_TOPIC)
    return app


@pytest.fixture
def consumer(app: LossFreeApp) -> Any:
    return app.transport.create_consumer(
        callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
    )


def record(offset: int, *, camera: str = "gate", captured: float = 1000.0, size: int = 10) -> Any:
    """As aiokafka has it; a frame of v1, whose time is the message's own."""
    return SimpleNamespace(
        topic=FRAMES_TOPIC, partition=0, offset=offset, timestamp=int(captured * 1000), timestamp_type=0,
        headers=(), key=camera.encode(), value=bytes(size), checksum=None, serialized_key_size=4,
        serialized_value_size=size,
    )  # fmt: skip


def read(consumer: Any, records: Sequence[Any], *, end: int | None = None, take: int | None = None) -> list[Any]:
    """What the consumer hands out of one fetch; `take` leaves the rest, as a rebalance would."""

    async def run() -> list[Any]:
        async def fetched(timeout: float) -> Any:  # noqa: ASYNC109  upstream's
            return {HERE: list(records)}, {HERE}

        consumer._wait_next_records = fetched
        consumer.highwater = lambda tp: end if end is not None else records[-1].offset + 1
        found: list[Any] = []
        async for tp, message in consumer.getmany(1.0):
            await consumer._add_gap(tp, (consumer._read_offset[tp] or 0) + 1, message.offset)
            consumer._read_offset[tp] = message.offset
            found.append(message)
            if len(found) == take:
                break
        return found

    return asyncio.run(run())


def test_upstream_still_has_what_the_consumer_overrides_and_reads() -> None:
    for name in (
        "getmany",
        "ack",
        "_wait_next_records",
        "_add_gap",
        "_to_message",
        "highwater",
        "_new_consumer_thread",
    ):
        assert callable(getattr(UpstreamConsumer, name)), name
    assert list(inspect.signature(BaseConsumer._add_gap).parameters) == ["self", "tp", "offset_from", "offset_to"]
    assert BaseConsumer.flow_active is True
    assert {"_acked", "_acked_index"} <= set(BaseConsumer.__annotations__)


def test_upstream_still_counts_the_frame_behind_a_gap_as_part_of_it() -> None:
    assert "await self._add_gap(tp, r_offset + 1, offset)\n" in inspect.getsource(BaseConsumer._drain_messages)
    assert "gap_for_tp.addi(offset_from, offset_to + 1)" in inspect.getsource(BaseConsumer._add_gap)


def test_upstream_still_hands_a_message_out_beside_a_wait_for_the_end_of_the_flow() -> None:
    source = "".join(inspect.getsource(BaseConsumer._drain_messages).split())

    assert "awaitself.wait_first(callback(message),self.suspend_flow.wait())" in source
    assert inspect.getsource(BaseConsumer).count("wait_first(") == 1, "nothing else of the consumer waits so"


@pytest.mark.parametrize("flows", [True, False])
def test_a_frame_is_handed_out_at_once_while_the_flow_is_on_and_as_upstream_does_otherwise(
    consumer: Any, app: LossFreeApp, monkeypatch: pytest.MonkeyPatch, flows: bool
) -> None:
    said: list[str] = []

    async def hand_out() -> None:
        said.append("handed out")

    async def as_upstream(self: Any, *coros: Any, timeout: Any = None) -> None:  # noqa: ASYNC109  upstream's
        said.append("as upstream")
        for coro in coros:
            coro.close()

    monkeypatch.setattr(UpstreamConsumer, "wait_first", as_upstream)
    if flows:
        app.flow_control.resume()

    asyncio.run(consumer.wait_first(hand_out(), consumer.suspend_flow.wait()))

    assert said == ["handed out" if flows else "as upstream"]


def test_upstream_drops_what_is_left_of_a_fetch_only_where_it_seeks_back_afterwards() -> None:
    source = inspect.getsource(BaseConsumer.getmany)

    assert "await self.perform_seek()" in source
    assert "new_generation_id != generation_id" in source


def test_the_fetch_is_limited_in_bytes_and_time(
    app: LossFreeApp, consumer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = SimpleNamespace(_fetch_max_wait_ms=1500, _fetch_max_bytes=52_428_800)
    monkeypatch.setattr(AIOKafkaConsumerThread, "_create_worker_consumer", lambda self, transport: made)

    limited = FrameConsumerThread.__new__(FrameConsumerThread)._create_worker_consumer(None)

    assert (limited._fetch_max_wait_ms, limited._fetch_max_bytes) == (100, FETCH_BYTES)
    assert isinstance(consumer, FrameConsumer)


def test_aiokafka_still_takes_those_limits_when_it_starts() -> None:
    from aiokafka import AIOKafkaConsumer

    source = inspect.getsource(AIOKafkaConsumer.start)

    assert "fetch_max_bytes=self._fetch_max_bytes" in source
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in source


def test_frames_come_in_order_with_what_was_dropped_before_them(consumer: Any) -> None:
    old, young = 990.0, 1000.0
    records = [record(0, captured=old), record(1, captured=old), record(2, captured=young), record(3, captured=young)]

    found = read(consumer, records)

    assert [message.offset for message in found] == [2, 3]
    assert [[frame.position.offset for frame in message.dropped_before] for message in found] == [[0, 1], []]
    assert found[0].dropped_before[0].age_seconds == pytest.approx(10)


def test_a_lossless_frame_is_handed_out_however_old_it_is(consumer: Any) -> None:
    records = [record(number, camera=("gate", "archive")[number % 2], captured=900.0) for number in range(6)]

    found = read(consumer, records)

    assert [message.offset for message in found] == [1, 3, 5]


def test_what_is_dropped_is_committed_with_the_frame_after_it_and_not_before(consumer: Any) -> None:
    found = read(consumer, [record(0), record(1, captured=900.0), record(2, captured=900.0), record(3), record(4)])
    consumer._committed_offset[HERE] = 0
    assert [message.offset for message in found] == [0, 3, 4]

    consumer.ack(found[0])
    assert consumer._new_offset(HERE) == 1
    consumer._committed_offset[HERE] = 1
    consumer.ack(found[1])
    assert consumer._new_offset(HERE) == 4


def test_a_frame_after_a_gap_of_kafkas_own_is_not_committed_before_it_is_acknowledged(consumer: Any) -> None:
    found = read(consumer, [record(0), record(1), record(10, captured=900.0), record(11), record(12)])
    consumer._committed_offset[HERE] = 0

    for message in found[:2]:
        consumer.ack(message)
    assert consumer._new_offset(HERE) == 2
    consumer._committed_offset[HERE] = 2
    consumer.ack(found[2])
    assert consumer._new_offset(HERE) == 12, "2 to 9 were removed by Kafka, 10 was dropped, 11 is acknowledged"


def test_after_a_rebalance_what_was_dropped_before_is_judged_again(consumer: Any, app: LossFreeApp) -> None:
    read(consumer, [record(0), record(1, captured=900.0), record(2, captured=900.0), record(3)], take=1)
    app.consumer_generation_id = 2

    found = read(consumer, [record(1), record(2, captured=900.0), record(3)])

    assert [(message.offset, len(message.dropped_before)) for message in found] == [(1, 0), (3, 1)]


def test_nothing_is_handed_out_in_a_rebalance(consumer: Any) -> None:
    async def run() -> list[Any]:
        consumer.flight.max_bytes = 100

        async def fetched(timeout: float) -> Any:  # noqa: ASYNC109  upstream's
            return {HERE: [record(number, size=60) for number in range(5)]}, {HERE}

        consumer._wait_next_records = fetched
        consumer.highwater = lambda tp: 5
        found: list[Any] = []

        async def read_all() -> None:
            async for _, message in consumer.getmany(1.0):
                found.append(message)

        reading = asyncio.create_task(read_all())
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(found) == 2, "the third waits for room"
        consumer.stop_flow()
        await asyncio.wait_for(reading, 60)
        return found

    assert len(asyncio.run(run())) == 2


def test_an_acknowledged_frame_makes_room(consumer: Any) -> None:
    found = read(consumer, [record(0), record(1)])

    consumer.ack(found[0])

    assert consumer.flight.frames == 1


def test_a_frame_that_stood_still_in_flight_is_too_late() -> None:
    message = FrameMessage(FRAMES_TOPIC, 0, 7, 0.0, 0, None, b"gate", b"", None, 4, 0, HERE, generation_id=1)
    assert message.too_late(now=1e9) is None, "lossless"
    message.aged, message.handed_out_at = DroppedFrame(cast(Any, None), "gate", 0.25), 100.0

    assert message.too_late(now=100.0 + LATE_SECONDS - 0.3) is None
    late = message.too_late(now=105.0)
    assert late is not None
    assert late.age_seconds == pytest.approx(5.25)


def test_a_message_keeps_its_time_to_the_millisecond_and_a_negative_one_is_none(consumer: Any) -> None:
    exact = record(0)
    exact.timestamp = 2**63 - 1
    before_1970 = record(1)
    before_1970.timestamp = -1

    assert consumer._to_message(HERE, exact).timestamp_ms == 2**63 - 1
    assert consumer._to_message(HERE, before_1970).timestamp_ms is None


async def _ignore(*_: object) -> AsyncIterator[None] | None:
    return None

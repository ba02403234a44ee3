"""The parts of Faust and aiokafka that the loss-free recipe relies on, pinned."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiokafka.conn
import faust.streams
import pytest
from faust.transport.consumer import Consumer as BaseConsumer
from faust.types import TP
from mode.supervisors import CrashingSupervisor

from pipelines.errors import BrokerError
from stream.worker.app import (
    BATCH_FRAMES,
    LossFreeApp,
    WakingConsumer,
    assigned_partitions,
    batches,
    build_app,
    frames_topic,
    one_ahead,
)

PARTITION = TP("taller_camara_stream", 0)


@pytest.fixture
def app(tmp_path: Path) -> LossFreeApp:
    return build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)


def test_the_app_has_the_settings_that_lose_no_frame(app: LossFreeApp) -> None:
    conf = app.conf
    assert (conf.stream_wait_empty, conf.stream_buffer_maxsize) == (True, 64)
    assert (conf.web_enabled, conf.topic_allow_declare, conf.topic_disable_leader) == (False, False, True)
    assert (conf.consumer_auto_offset_reset, conf.consumer_group_instance_id) == ("earliest", "here-1")
    assert (conf.broker_commit_interval, conf.broker_session_timeout, conf.broker_heartbeat_interval) == (1, 10, 3)
    assert (conf.consumer_metadata_max_age_ms, conf.producer_metadata_max_age_ms) == (10_000, 10_000)
    assert cast(object, conf.agent_supervisor) is CrashingSupervisor
    assert cast(Any, app.transport).Consumer is WakingConsumer
    assert aiokafka.conn.READER_LIMIT == 1024 * 1024


def test_frames_are_read_as_raw_bytes(app: LossFreeApp) -> None:
    topic = frames_topic(app)
    assert (topic.schema.key_serializer, topic.schema.value_serializer) == ("raw", "raw")
    assert (topic.key_type, topic.value_type) == (bytes, bytes)


def test_without_the_compiled_iterator_there_is_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust.streams, "_CStreamIterator", None)

    with pytest.raises(BrokerError, match="compiled"):
        build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)


def test_asking_for_partitions_before_the_app_runs_builds_no_consumer_on_a_foreign_loop(app: LossFreeApp) -> None:
    assert assigned_partitions(app) == []
    assert app._consumer is None


def test_upstream_still_has_what_the_waking_consumer_overrides_and_reads() -> None:
    for name in ("on_buffer_drop", "_wait_next_records", "_get_active_partitions"):
        assert callable(getattr(BaseConsumer, name)), name
    assert BaseConsumer.flow_active is True
    assert "_buffered_partitions" in BaseConsumer.__annotations__


@pytest.mark.parametrize(("timestamp", "known"), [(1_700_000_000_123, 1_700_000_000_123), (2**63 - 1,) * 2, (-1, None)])
def test_a_message_keeps_its_time_in_milliseconds_which_seconds_in_a_float_do_not_hold(
    timestamp: int, known: int | None
) -> None:
    consumer = WakingConsumer.__new__(WakingConsumer)
    consumer.app = cast(Any, SimpleNamespace(consumer_generation_id=1))
    names = ("topic", "partition", "offset", "timestamp_type", "headers", "key", "value", "checksum")
    record = SimpleNamespace(timestamp=timestamp, **dict.fromkeys(names))
    record.serialized_key_size = record.serialized_value_size = 0

    assert consumer._to_message(PARTITION, record).timestamp_ms == known


@pytest.mark.parametrize(
    ("committed", "acked", "commits"),
    [(100, [101, 102], 103), (None, [7, 8], 9), (0, [7, 8], 9), (100, [102, 103], None), (100, [], None)],
)
def test_the_offset_that_upstream_commits_is_the_one_after_the_acknowledged_run(
    app: LossFreeApp, committed: int | None, acked: list[int], commits: int | None
) -> None:
    consumer = cast(
        Any,
        app.transport.create_consumer(callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore),
    )
    consumer._committed_offset[PARTITION] = committed
    consumer._acked[PARTITION] = list(acked)
    consumer._acked_index[PARTITION] = set(acked)

    assert consumer._new_offset(PARTITION) == commits


def test_a_consumer_whose_buffers_are_full_is_woken_when_there_is_room(app: LossFreeApp) -> None:
    async def run() -> float:
        consumer = cast(
            Any,
            app.transport.create_consumer(
                callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
            ),
        )
        fetched: list[float] = []

        async def getmany(active_partitions: object, timeout: float) -> dict[object, object]:  # noqa: ASYNC109  upstream's
            fetched.append(asyncio.get_running_loop().time())
            return {}

        consumer._getmany = getmany
        consumer._active_partitions = {PARTITION}
        consumer.on_buffer_full(PARTITION)
        waiting = asyncio.create_task(consumer._wait_next_records(1.0))
        await asyncio.sleep(0)
        assert fetched == [], "nothing is fetched while every buffer is full"
        room_at = asyncio.get_running_loop().time()
        consumer.on_buffer_drop(PARTITION)
        await waiting
        return fetched[0] - room_at

    assert asyncio.run(run()) < 0.2


def test_a_batch_is_what_has_arrived_and_never_more_than_32() -> None:
    async def run() -> list[list[int]]:
        stream = FakeStream(range(70))
        return [batch async for batch in cast(Any, batches(cast(Any, stream)))]

    found = asyncio.run(run())

    assert [event for batch in found for event in batch] == list(range(64)), (
        "the end of the stream drops its last batch"
    )
    assert [len(batch) for batch in found] == [BATCH_FRAMES, BATCH_FRAMES]


def test_a_batch_does_not_wait_to_be_filled() -> None:
    async def run() -> list[int]:
        stream = FakeStream(range(3), then_wait=True)
        async for batch in cast(Any, batches(cast(Any, stream))):
            return cast(list[int], batch)
        raise AssertionError("no batch")

    assert asyncio.run(asyncio.wait_for(run(), 5)) == [0, 1, 2]


def test_a_batch_that_nobody_can_take_yet_goes_on_growing() -> None:
    async def run() -> tuple[list[int], list[int]]:
        more, busy = asyncio.Event(), True
        stream = FakeStream(range(4), pause_at=3, until=more)
        found = cast(Any, batches(cast(Any, stream), lambda: busy))
        first = asyncio.ensure_future(anext(found))
        await asyncio.wait({first}, timeout=0.1)
        assert not first.done()
        more.set()
        await asyncio.wait({first}, timeout=0.1)
        assert not first.done(), "the caller is still busy"
        busy = False
        return await first, stream.given

    assert asyncio.run(asyncio.wait_for(run(), 5)) == ([0, 1, 2, 3], [0, 1, 2, 3])


def test_the_next_batch_is_collected_while_the_caller_works_on_this_one() -> None:
    async def run() -> list[int]:
        stream = FakeStream(range(2 * BATCH_FRAMES + 1))
        ahead = one_ahead(cast(Any, batches(cast(Any, stream))))
        await anext(ahead)
        while len(stream.given) < 2 * BATCH_FRAMES:  # noqa: ASYNC110  the deadline below ends it
            await asyncio.sleep(0)
        return [event async for batch in ahead for event in cast(Any, batch)]

    assert asyncio.run(asyncio.wait_for(run(), 5)) == list(range(BATCH_FRAMES, 2 * BATCH_FRAMES))


class FakeStream:
    """What `batches` uses of a Faust stream."""

    def __init__(
        self, events: range, *, then_wait: bool = False, pause_at: int | None = None, until: asyncio.Event | None = None
    ) -> None:
        self._events = events
        self._then_wait = then_wait or until is not None
        self._pause_at, self._until = pause_at, until
        self.given: list[int] = []

    def noack(self) -> "FakeStream":
        return self

    async def events(self) -> AsyncIterator[int]:
        for event in self._events:
            if event == self._pause_at and self._until is not None:
                await self._until.wait()
            self.given.append(event)
            yield event
        if self._then_wait:
            await asyncio.Event().wait()


async def _ignore(*_: object) -> None:
    return None

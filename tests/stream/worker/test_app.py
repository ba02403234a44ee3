"""The parts of Faust and aiokafka that the loss-free recipe relies on, pinned."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiokafka.conn
import faust.streams
import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust.transport.consumer import Consumer as BaseConsumer
from faust.types import TP
from mode.supervisors import CrashingSupervisor

from pipelines.errors import BrokerError
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC
from stream.worker.app import (
    BATCH_FRAMES,
    LossFreeApp,
    WakingConsumer,
    assigned_partitions,
    batches,
    build_app,
    frames_topic,
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


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5])
def test_upstream_shares_the_partitions_so_that_no_worker_has_two_more_than_another(
    app: LossFreeApp, workers: int
) -> None:
    held = [{0, 1}, {2, 3}, set[int](), set[int](), set[int]()][:workers]  # two that read, and those that join
    members = {
        f"worker-{number}": CopartitionedAssignment(partitions, set(), topics={FRAMES_TOPIC})
        for number, partitions in enumerate(held)
    }

    assignor = cast(Any, app.assignor)
    shared = CopartitionedAssignor([FRAMES_TOPIC], members, FRAMES_PARTITIONS, assignor.replicas).get_assignment()

    counts = [len(assignment.actives) for assignment in shared.values()]
    assert sum(counts) == FRAMES_PARTITIONS
    assert max(counts) - min(counts) <= 1


def test_a_worker_that_is_told_to_stop_leaves_the_group_and_one_that_crashed_stays(app: LossFreeApp) -> None:
    left = []
    for crashed in (False, True):
        consumer = cast(Any, app.transport).create_consumer(
            callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
        )
        coordinator = SimpleNamespace(_group_instance_id="here-1")
        consumer._thread._consumer = SimpleNamespace(_coordinator=coordinator, stop=_stop)
        if crashed:
            app._crashed.set()
        asyncio.run(consumer._thread.on_thread_stop())
        left.append(coordinator._group_instance_id is None)

    assert left == [True, False]


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


class FakeStream:
    """What `batches` uses of a Faust stream."""

    def __init__(self, events: range, *, then_wait: bool = False) -> None:
        self._events = events
        self._then_wait = then_wait

    def noack(self) -> "FakeStream":
        return self

    async def events(self) -> AsyncIterator[int]:
        for event in self._events:
            yield event
        if self._then_wait:
            await asyncio.Event().wait()


async def _ignore(*_: object) -> None:
    return None


async def _stop() -> None:
    return

"""The parts of Faust and aiokafka that the loss-free recipe relies on, pinned."""

import asyncio
import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiokafka.conn
import faust
import faust.streams
import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode.supervisors import CrashingSupervisor

from pipelines.errors import BrokerError
from stream.messages import FRAMES_PARTITIONS, FRAMES_TOPIC
from stream.reading.app import (
    LossFreeApp,
    assigned_partitions,
    build_app,
    frames_topic,
)
from stream.reading.consumer import FrameConsumer

PARTITION = TP("taller_camara_stream", 0)


@pytest.fixture
def app(tmp_path: Path) -> LossFreeApp:
    return build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)


def test_the_app_has_the_settings_that_lose_no_frame(app: LossFreeApp) -> None:
    conf = app.conf
    assert (conf.stream_wait_empty, conf.stream_buffer_maxsize) == (True, 512)
    assert (conf.web_enabled, conf.topic_allow_declare, conf.topic_disable_leader) == (False, False, True)
    assert (conf.consumer_auto_offset_reset, conf.consumer_group_instance_id) == ("earliest", "here-1")
    assert (conf.broker_commit_interval, conf.broker_session_timeout, conf.broker_heartbeat_interval) == (1, 10, 3)
    assert (conf.consumer_metadata_max_age_ms, conf.producer_metadata_max_age_ms) == (10_000, 10_000)
    assert cast(object, conf.agent_supervisor) is CrashingSupervisor
    assert cast(Any, app.transport).Consumer is FrameConsumer
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


def test_a_partition_that_comes_back_after_an_hour_is_no_stall(
    app: LossFreeApp, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(AIOKafkaConsumerThread.verify_event_path)
    consumer = cast(Any, app.transport).create_consumer(
        callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
    )
    consumer._thread.tp_last_committed_at[PARTITION] = 0.0

    consumer.verify_event_path(3600.0, PARTITION)

    assert caplog.text == ""


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


def test_what_a_worker_loaded_to_start_is_not_looked_through_for_garbage_again(
    app: LossFreeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faust.App, "on_started", lambda self: _stop())
    try:
        asyncio.run(app.on_started())
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


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


async def _ignore(*_: object) -> None:
    return None


async def _stop() -> None:
    return

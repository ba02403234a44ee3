"""What is done about a Faust that has changed."""

from pathlib import Path
from typing import Any, cast

import faust.transport.consumer
import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from docs.upstream.reproduce import reproduce, reproduce_patched
from pipelines.errors import BrokerError
from stream.reading.app import build_app
from stream.reading.consumer import FrameConsumer, FrameMessage, PlainConsumer
from stream.reading.upstream import BOUNDED_AND_FRESH, LOSS_FREE, Part, missing_parts
from tests.stream.reading.test_consumer import HERE, record


def test_the_installed_faust_has_every_part() -> None:
    assert [part.words for part in (*LOSS_FREE, *BOUNDED_AND_FRESH) if not part.is_there()] == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [(faust.transport.consumer.Consumer, "_add_gap"), (AIOKafkaConsumerThread, "_create_worker_consumer")],
)
def test_without_a_part_that_bounds_frames_the_worker_reads_as_faust_does_and_says_so_once(
    owner: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(owner, name)

    app = build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)

    assert cast(Any, app.transport).Consumer is PlainConsumer
    assert app.conf.stream_buffer_maxsize == 64
    (warning,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert name in warning.getMessage()
    assert "None is lost, but realtime cameras are served first in first out" in warning.getMessage()


def test_a_message_of_fausts_own_consumer_is_one_that_the_agent_can_read(tmp_path: Path) -> None:
    app = build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)
    consumer: Any = PlainConsumer.__new__(PlainConsumer)
    consumer.app = app

    message = consumer._to_message(HERE, record(7, captured=900.0))

    assert isinstance(message, FrameMessage)
    assert (message.offset, message.dropped_before, message.timestamp_ms) == (7, (), 900_000)
    assert message.too_late(now=1e9) is None
    assert issubclass(FrameConsumer, PlainConsumer)


@pytest.mark.parametrize("name", ["_new_offset", "ack"])
def test_without_a_part_that_keeps_frames_from_being_lost_there_is_no_app(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(faust.transport.consumer.Consumer, name)

    with pytest.raises(BrokerError, match=f"Expected a Faust with Consumer.{name}"):
        build_app("127.0.0.1:9", instance_id="here-1", datadir=tmp_path)


def test_a_method_that_takes_something_else_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust.transport.consumer.Consumer, "_add_gap", lambda self, tp, interval: None)

    assert missing_parts() == ["Consumer._add_gap(tp, offset_from, offset_to)"]
    assert not Part(faust.transport.consumer.Consumer, "nothing_like_it").is_there()


def test_every_patch_that_is_offered_applies_and_mends_what_it_says() -> None:
    noticed = "seconds_until_a_buffer_that_drops_after_0.05_s_is_noticed"
    plain, patched = reproduce(), reproduce_patched()

    assert plain.pop(noticed) > 0.7
    assert plain == {"committed_while_10_is_not_acknowledged": 12, "events_acknowledged_that_nobody_saw": 1}
    assert patched.pop(noticed) < 0.9
    assert patched == {"committed_while_10_is_not_acknowledged": 10, "events_acknowledged_that_nobody_saw": 0}

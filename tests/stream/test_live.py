"""The whole live side against a real Kafka: real worker processes, fake models."""

import hashlib
import json
import os
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream.messages import (
    DEAD_LETTERS_TOPIC,
    FRAMES_TOPIC,
    PREDICTIONS_TOPIC,
    Outgoing,
    encode_v1,
    encode_v2,
)
from tests.stream.embedded_kafka import EmbeddedKafka, find_free_ports
from tests.stream.fakes import BF16_VERSION, BROKEN_VERSION, POISON, draw_jpeg
from tests.stream.live import LiveWorker, end_offsets, read_since, send, small_frames, wait_for_records
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedKafka:
    """A broker of this test's own: workers share one group, and these tests kill and restart it."""
    return EmbeddedKafka(tmp_path_factory.mktemp("broker"))


def test_every_message_becomes_rows_and_predictions_or_a_dead_letter_byte_for_byte(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    big = os.urandom(2_000_000)
    good = [
        encode_v1("gate", "bright.jpg", now, draw_jpeg(230)),
        encode_v2("gate", "frame-dark", now, draw_jpeg(10), image_name="dark.jpg", sequence=1),
        encode_v2("yard", "frame-yard", now, draw_jpeg(200), image_name=None, sequence=1),
    ]
    whole = draw_jpeg(100, 200)
    bad = {
        "empty_message": Outgoing(FRAMES_TOPIC, b"k", None, timestamp_ms=1_700_000_000_123),
        "not_json": Outgoing(FRAMES_TOPIC, None, b"\xff\x00garbage", (("colour", b"red"), ("colour", None))),
        "unknown_schema": Outgoing(FRAMES_TOPIC, b"", whole, (("schema", b"9"),)),
        "bad_base64": Outgoing(
            FRAMES_TOPIC,
            b"gate",
            json.dumps({"timestamp": 1.7e9, "camera_id": "gate", "image_name": "a", "image_data": "%"}).encode(),
        ),
        "truncated_picture": encode_v2("gate", "t", now, whole[: len(whole) // 2], image_name=None, sequence=2),
        "not_a_picture": encode_v2("gate", "n", now, big, image_name=None, sequence=3),
        "inference_failed": encode_v2("gate", "p", now, draw_jpeg(POISON), image_name=None, sequence=4),
        "no_model": encode_v2("lost", "l", now, draw_jpeg(10), image_name=None, sequence=1),
    }
    (tmp_path / "cameras.yaml").write_text("cameras: {lost: {source: x, classifiers: [simpsons]}}")
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        starts = {t: end_offsets(broker.bootstrap, t) for t in (PREDICTIONS_TOPIC, DEAD_LETTERS_TOPIC)}
        worker.registry.promote(cars=1, cats_dogs=4)
        positions = send(broker.bootstrap, [*good, *bad.values()])
        worker.start()

        worker.wait_for_rows("predictions", 6)
        worker.wait_for_rows("dead_letters", len(bad))
        assert worker.end() == 0

        rows = worker.query("SELECT frame_id, classifier, label, model_version, camera_id FROM predictions")
        v1_id = f"{FRAMES_TOPIC}-{positions[0][0]}-{positions[0][1]}"
        assert {tuple(row) for row in rows} == {
            (frame, classifier, label, version, camera)
            for frame, label, camera in (
                (v1_id, "light", "gate"),
                ("frame-dark", "dark", "gate"),
                ("frame-yard", "light", "yard"),
            )
            for classifier, version in (("cars", 1), ("cats_dogs", 4))
        }
        published = read_since(broker.bootstrap, PREDICTIONS_TOPIC, starts[PREDICTIONS_TOPIC])
        documents = [json.loads(record.value) for record in published]
        assert {(d["frame_id"], d["classifier"]) for d in documents} == {(row[0], row[1]) for row in rows}
        assert {record.key.decode() for record in published} == {row[0] for row in rows}

        letters = read_since(broker.bootstrap, DEAD_LETTERS_TOPIC, starts[DEAD_LETTERS_TOPIC])
        by_reason = {dict(letter.headers)["vigia.error.reason"].decode(): letter for letter in letters}
        assert set(by_reason) == set(bad)
        for reason, original in bad.items():
            letter = by_reason[reason]
            assert (letter.key, letter.value) == (original.key, original.value), reason
            assert letter.headers[: len(original.headers)] == original.headers, reason
        assert by_reason["empty_message"].timestamp == 1_700_000_000_123
        stored = worker.query("SELECT reason, sha256, size_bytes FROM dead_letters")
        expected = {
            (reason, hashlib.sha256(o.value or b"").hexdigest(), len(o.value or b"")) for reason, o in bad.items()
        }
        assert {tuple(row) for row in stored} == expected


def test_a_new_production_version_is_swapped_in_between_two_batches(broker: EmbeddedKafka, tmp_path: Path) -> None:
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        starts = end_offsets(broker.bootstrap, PREDICTIONS_TOPIC)
        worker.registry.promote(cars=1)
        worker.start()
        send(broker.bootstrap, small_frames(100))
        worker.wait_for_rows("predictions", 100)

        worker.registry.promote(cars=BROKEN_VERSION)
        worker.wait_for_rows("model_events WHERE event = 'refused'", 1)
        send(broker.bootstrap, small_frames(100))
        worker.wait_for_rows("predictions", 200)
        wait_for_records(broker.bootstrap, PREDICTIONS_TOPIC, starts, 200)
        ends = end_offsets(broker.bootstrap, PREDICTIONS_TOPIC)
        worker.registry.promote(cars=BF16_VERSION)
        worker.wait_for_rows("model_events WHERE event = 'swapped'", 1)
        send(broker.bootstrap, small_frames(100))
        worker.wait_for_rows("predictions", 300)

        counts = worker.query("SELECT model_version, precision, count(*) FROM predictions GROUP BY 1, 2 ORDER BY 1")
        assert [tuple(row) for row in counts] == [(1, "f32", 200), (BF16_VERSION, "bf16", 100)]
        wait_until(
            lambda: worker.heartbeat()["models"]["cars"]["precision"] == "bf16",
            timeout_seconds=60,
            what="a heartbeat of the version in bf16",
        )
        assert worker.end() == 0
        said = [json.loads(record.value) for record in read_since(broker.bootstrap, PREDICTIONS_TOPIC, ends)]
        assert {(each["model_version"], each["precision"]) for each in said} == {(BF16_VERSION, "bf16")}
        events = worker.query("SELECT event, from_version, to_version FROM model_events ORDER BY id")
        assert [tuple(row) for row in events] == [
            ("loaded", None, 1),
            ("refused", 1, BROKEN_VERSION),
            ("swapped", 1, BF16_VERSION),
        ]


def test_a_worker_told_to_stop_while_the_broker_is_away_still_ends(broker: EmbeddedKafka, tmp_path: Path) -> None:
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        worker.start()
        send(broker.bootstrap, small_frames(200))
        worker.wait_for_rows("predictions", 1)
        broker.stop(signal.SIGKILL)

        worker.end(signal.SIGTERM, timeout_seconds=60)

        assert not worker.running


def test_a_worker_started_before_broker_and_model_waits_for_both(broker: EmbeddedKafka, tmp_path: Path) -> None:
    port = find_free_ports(1)[0]
    with LiveWorker(tmp_path, f"127.0.0.1:{port}") as worker:
        worker.start()
        worker.wait_for_state("waiting for the broker")
        try:
            broker.start(port=port)
            worker.wait_for_state("waiting for a model")
            send(broker.bootstrap, small_frames(20))

            worker.registry.promote(cars=3)

            worker.wait_for_rows("predictions", 20)
            wait_until(lambda: worker.heartbeat()["partitions"] == [0, 1, 2, 3], timeout_seconds=120, what="partitions")
            assert worker.heartbeat()["versions"] == {"cars": 3}
            assert worker.end() == 0
        finally:
            broker.stop()


def test_two_workers_share_the_partitions_and_one_takes_over_when_the_other_is_killed(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    with (
        broker,
        LiveWorker(tmp_path, broker.bootstrap, slot=1) as first,
        LiveWorker(tmp_path, broker.bootstrap, slot=2) as second,
    ):
        first.registry.promote(cars=1)
        first.start()
        second.start()
        wait_until(
            lambda: (
                sorted([*first.heartbeat().get("partitions", []), *second.heartbeat().get("partitions", [])])
                == [0, 1, 2, 3]
                and len(second.heartbeat()["partitions"]) == 2
            ),
            timeout_seconds=180,
            what="two partitions each",
        )
        send(broker.bootstrap, small_frames(400, cameras=64))
        host = socket.gethostname()[:80]
        for slot in (1, 2):
            first.wait_for_rows(f"predictions WHERE worker = '{host}/worker-{slot}'", 1)

        first.end(signal.SIGKILL)
        send(broker.bootstrap, small_frames(400, cameras=64))

        second.wait_for_rows("predictions", 800)
        assert second.query("SELECT count(DISTINCT frame_id) FROM predictions")[0][0] == 800


def test_a_second_worker_in_the_same_slot_is_refused(broker: EmbeddedKafka, tmp_path: Path) -> None:
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker, LiveWorker(tmp_path, broker.bootstrap) as other:
        worker.start()
        worker.wait_for_state("waiting for a model")

        other.start()

        wait_until(lambda: not other.running, timeout_seconds=120, what="the refusal")
        assert other.end() == 1
        assert "another worker serves in it" in other.log.read_text()
        assert worker.running

"""Bad input against a real Kafka and a real worker process."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream.messages import DEAD_LETTERS_TOPIC, FRAMES_TOPIC, Outgoing
from tests.stream.bad_messages import v2
from tests.stream.dead_letters.bad_input import RawName, run_bad_input, send_as_stranger, send_packed
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.fakes import draw_jpeg
from tests.stream.live import LiveWorker, end_offsets, read_since, send, small_frames

pytestmark = pytest.mark.integration


def test_every_kind_of_bad_input_is_kept_byte_for_byte_and_every_good_frame_is_answered(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path / "kafka") as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        outcome = run_bad_input(worker, broker.bootstrap, times=2, good=100)

        assert outcome.wrong == ()
        assert (outcome.dead, outcome.byte_for_byte, outcome.good_stored) == (outcome.bad, outcome.bad, outcome.good)

        # what a sender packed is unpacked by the broker, which refuses a bomb
        assert send_packed(broker.bootstrap, v2(draw_jpeg(), datetime.now(UTC)))
        assert not send_packed(broker.bootstrap, v2(bytes(20_000_000), datetime.now(UTC)))

        # a topic that somebody else made, with a larger limit than ours, and clients in other languages
        now, huge = datetime.now(UTC), os.urandom(5_000_000)
        starts = end_offsets(broker.bootstrap, DEAD_LETTERS_TOPIC)
        raw = Outgoing(FRAMES_TOPIC, b"gate", b"no frame", ((RawName("x"), b"\xff"), ("schema", b"2")))
        many = Outgoing(FRAMES_TOPIC, b"gate", b"x", tuple(("h", os.urandom(1_000)) for _ in range(6_000)))
        send_as_stranger(broker.bootstrap, [v2(huge, now), raw, many, v2(draw_jpeg(), now)], 12_000_000)
        send(broker.bootstrap, small_frames(20))
        worker.start()
        worker.wait_for_rows("dead_letters", outcome.bad + 3)
        worker.wait_for_rows("predictions", outcome.good + 22)
        assert worker.end() == 0

        by_size, by_name, by_headers = read_since(broker.bootstrap, DEAD_LETTERS_TOPIC, starts)
        ours = dict(by_size.headers)
        assert (by_size.key, by_size.value, ours["vigia.error.reason"]) == (b"gate", b"", b"outside_limits")
        assert ours["vigia.error.sha256"] == hashlib.sha256(huge).hexdigest().encode()
        assert by_name.headers[:2] == ((r"\xff\xfe", b"\xff"), ("schema", b"2"))
        assert (by_headers.key, by_headers.value, len(by_headers.headers)) == (None, b"", 10)

"""Kept frames of real worker processes on a real Kafka."""

import signal
from pathlib import Path

import pytest

from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptIndex
from stream.messages import FRAMES_TOPIC, Outgoing
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.live import LiveWorker, send, small_frames
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

FRAMES = 600
BAD = [Outgoing(FRAMES_TOPIC, None, b"garbage %d" % number) for number in range(20)]


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedKafka:
    """A broker of this test's own: workers share one group."""
    return EmbeddedKafka(tmp_path_factory.mktemp("broker"))


def test_every_row_of_a_kept_frame_has_its_bytes_whenever_the_worker_was_killed(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    (tmp_path / "cameras.yaml").write_text("keep: {sample: 1.0}\n")
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        kept_before = 0
        for kill in (1, 2):  # each in the middle of keeping, however far the answers are ahead of it
            send(broker.bootstrap, small_frames(FRAMES // 3))
            worker.start()
            worker.wait_for_rows("predictions", kill * 150)
            worker.wait_for_rows("kept_frames", kept_before + 100)
            worker.end(signal.SIGKILL)
            kept_before = worker.query("SELECT count(*) FROM kept_frames")[0][0]
        send(broker.bootstrap, [*small_frames(FRAMES // 3), *BAD])
        worker.start()
        worker.wait_for_rows("predictions", FRAMES)
        worker.wait_for_rows("dead_letters", len(BAD))
        worker.wait_for_rows("kept_frames", kept_before + FRAMES // 3)
        assert worker.end() == 0

        store, index = FrameStore(str(tmp_path / "kept")), KeptIndex(worker.store)
        kept = index.list_newest(camera_id=None, reason=None, limit=10_000)
        letters = [frame for frame in kept if frame.reason == "dead_letter"]
        assert all(store.read(frame.path, frame.sha256) for frame in kept)
        assert {store.read(frame.path, frame.sha256) for frame in letters} <= {message.value for message in BAD}
        # a killed worker takes with it what waited: at most its queue, here a few batches
        assert len(kept) > (FRAMES + len(BAD)) / 2


@pytest.mark.parametrize("url", ["s3://frames/gate", "/proc/nowhere"])
def test_a_frame_store_that_is_away_costs_no_prediction_and_holds_no_stop(
    url: str, broker: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "none")
    monkeypatch.setenv("VIGIA_FRAMES_URL", url)
    monkeypatch.setenv("VIGIA_FRAMES_ENDPOINT", "http://127.0.0.1:9")
    (tmp_path / "cameras.yaml").write_text("keep: {sample: 1.0}\n")
    with broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        worker.registry.promote(cars=1)
        worker.start()
        send(broker.bootstrap, small_frames(FRAMES))

        worker.wait_for_rows("predictions", FRAMES)

        def told() -> bool:
            kept = worker.heartbeat().get("kept") or {}
            return bool(kept) and kept["waiting_bytes"] > 0 and kept["kept"] == 0

        wait_until(told, timeout_seconds=120, what="the heartbeat to tell of what waits")
        assert worker.end(timeout_seconds=60) == 0
        assert worker.query("SELECT count(*) FROM kept_frames")[0][0] == 0
        assert "frames are not kept" in worker.log.read_text()

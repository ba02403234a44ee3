import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from stream.bench.broker import Region
from stream.bench.lanes.order import NAIVE_FILE, RESULTS, Answered, result_line
from stream.bench.rows import LaneRows
from stream.ledger import FrameRead
from stream.messages import FRAMES_TOPIC, Position, Prediction
from stream.store import PredictionStore

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
REGION = Region({0: 10}, {0: 12})


def prediction(offset: int) -> Prediction:
    return Prediction(
        position=Position(FRAMES_TOPIC, 0, offset),
        frame_id=f"bench-{offset}",
        camera_id="bench-0-0",
        image_name="3.jpg",
        image_sha256="0" * 64,
        classifier="bench",
        role="production",
        model_version=1,
        label="cat",
        confidence=0.5,
        top=(("cat", 0.5),),
        decision="known",
        captured_at=NOW,
        received_at=NOW,
        predicted_at=NOW,
        worker="host/worker-1",
    )


def test_a_lane_that_has_not_begun_has_no_rows(tmp_path: Path) -> None:
    for lane in ("naive", "ours v2"):
        rows = LaneRows(lane, tmp_path)

        assert (rows.progress(), rows.count_processes(), rows.answered(REGION)) == ({}, 0, [])
        rows.close()


def test_rows_of_the_store_are_those_of_the_lanes_own_frames(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    store = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}")
    store.migrate()
    offsets = (10, 11, 12)  # the last one lies behind the region
    reads = [FrameRead(Position(FRAMES_TOPIC, 0, offset), "stored") for offset in offsets]
    store.store_batch([prediction(offset) for offset in offsets], [], reads, group="bench")
    rows = LaneRows("ours v2", tmp_path)

    assert rows.progress() == {0: 13}
    assert rows.count_processes() == 1
    assert rows.answered(REGION) == [
        Answered(NOW.timestamp(), "host/worker-1", "0", offset, "3.jpg", "cat", 0.5) for offset in (10, 11)
    ]
    rows.close()


def test_rows_of_the_naive_lane_are_read_from_its_own_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAIVE_FILE)) as connection:
        connection.execute(
            "CREATE TABLE answers "
            "(at REAL, partition INT, place INT, camera TEXT, picture TEXT, label TEXT, confidence REAL)"
        )
        connection.execute("INSERT INTO answers VALUES (1.5, 0, 10, 'bench-0-0', '3.jpg', 'cat', 0.5)")
        connection.commit()
    rows = LaneRows("naive", tmp_path)

    assert rows.progress() == {0: 11}
    assert rows.count_processes() == 1
    assert rows.answered(REGION) == [Answered(1.5, "naive", "0", 10, "3.jpg", "cat", 0.5)]
    rows.close()


def test_the_lane_without_kafka_is_read_from_what_its_processes_wrote(tmp_path: Path) -> None:
    wrote = [Answered(1.5, "1", "1", 0, "0.jpg", "cat", 0.5)]
    (tmp_path / f"1-{RESULTS}").write_text(result_line(wrote))
    rows = LaneRows("raw", tmp_path)

    assert rows.answered(None) == wrote
    rows.close()

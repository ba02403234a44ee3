from dataclasses import replace
from typing import Any

from sqlalchemy import event

from pipelines.consensus.window import REACH
from stream.consensus.seen_frames import Lane, read_seen_frames, to_seen_frame
from stream.messages import FRAMES_TOPIC, Position
from stream.store import PredictionStore
from tests.stream.consensus.test_live import said
from tests.stream.consensus.test_live import store as store

LANE = Lane("cars", FRAMES_TOPIC, 0)


def test_what_is_read_back_is_what_was_seen(store: PredictionStore) -> None:
    frames = [said(0), said(1, "light", camera="yard"), said(2, "?"), said(3, "light")]
    others = [
        replace(said(1), role="shadow"),
        replace(said(1), classifier="cats_dogs"),
        said(1, partition=1),
        replace(said(1), position=Position("elsewhere", 0, 1)),
        said(1, camera="garden"),
    ]
    store.store_batch(frames, [])
    store.store_batch(others, [])

    found = read_seen_frames(store, LANE, 3)

    assert found == {
        "gate": [to_seen_frame(frames[0], 0), to_seen_frame(frames[2], 2)],
        "garden": [to_seen_frame(others[-1], 1)],  # it took the place of yard
    }


def test_no_more_of_a_partition_is_read_than_a_window_may_reach(store: PredictionStore) -> None:
    store.store_batch([said(offset, seconds=0) for offset in (4, 5, 6, REACH + 4)], [])

    (frames,) = read_seen_frames(store, LANE, REACH + 5).values()

    assert [frame.offset for frame in frames] == [5, 6, REACH + 4]


def test_the_question_is_answered_from_the_primary_key(store: PredictionStore) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *words: asked.append((words[2], words[3])))

    read_seen_frames(store, LANE, 100)

    (question,) = [each for each in asked if each[0].startswith("SELECT predictions")]
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + question[0], question[1]).all()
    assert len(plan) == 1, plan
    assert "SEARCH predictions USING INDEX sqlite_autoindex_predictions_1 (topic=? AND partition=? AND offset>" in str(
        plan[0]
    )

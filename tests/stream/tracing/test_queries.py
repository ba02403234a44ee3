from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.errors import StoreError
from stream.messages import Position
from stream.store import ModelEvent, PredictionStore
from stream.tracing.queries import count_served, find_answers, newest_frame_ids, parse_position, read_model_events
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

NEAREST = (("ab" * 32, 0.9), ("cd" * 32, 0.8))


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}", retry_seconds=0.2)
    store.migrate()
    return store


def test_a_frame_is_found_by_its_own_id_and_by_its_place(store: PredictionStore) -> None:
    answer = replace(PREDICTION, nearest=NEAREST)
    store.store_batch([answer], [])

    assert find_answers(store, "gate-1") == (answer,)
    assert find_answers(store, "taller_camara_stream-2-17") == (answer,)
    assert find_answers(store, "taller_camara_stream-2-18") == ()
    assert find_answers(store, "nobody") == ()


def test_every_answer_to_a_frame_is_there_newest_first(store: PredictionStore) -> None:
    shadow = replace(PREDICTION, role="shadow", predicted_at=PREDICTION.predicted_at + timedelta(seconds=1))
    again = replace(PREDICTION, position=Position("t", 0, 99), predicted_at=NOON + timedelta(hours=1))
    store.store_batch([PREDICTION, shadow, again], [])

    assert find_answers(store, "gate-1") == (again, shadow, PREDICTION)


def test_predictions_of_a_version_are_counted_by_camera_worker_and_day_of_utc(store: PredictionStore) -> None:
    def at(offset: int, camera_id: str, hours: int, version: int = 3) -> None:
        position, moment = Position("t", 0, offset), NOON + timedelta(hours=hours)
        row = replace(PREDICTION, position=position, camera_id=camera_id, model_version=version, predicted_at=moment)
        store.store_batch([row], [])

    at(1, "gate", 0)
    at(2, "gate", 11)
    at(3, "gate", 12)  # midnight
    at(4, "yard", 0)
    at(5, "yard", 0, version=4)

    counts = [(each.camera_id, each.day, each.predictions) for each in count_served(store, "cars", 3)]

    assert counts == [("gate", "2025-06-01", 2), ("gate", "2025-06-02", 1), ("yard", "2025-06-01", 1)]
    first = count_served(store, "cars", 3)[0]
    assert (first.first_at, first.last_at) == (NOON, NOON + timedelta(hours=11))


def test_what_a_version_said_in_a_replay_or_as_a_challenger_it_did_not_serve(store: PredictionStore) -> None:
    again = replace(PREDICTION, role="replay-3", worker="here/replay")
    beside = replace(PREDICTION, role="shadow", worker="here/shadow-1")
    store.store_batch([PREDICTION, again, beside], [])

    assert [each.worker for each in count_served(store, "cars", 3)] == ["here/worker-1"]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM predictions WHERE frame_id = 'x'",
        "SELECT camera_id, worker, date(predicted_at), count(*) FROM predictions "
        "WHERE classifier = 'cars' AND model_version = 3 AND worker NOT LIKE '%/replay' "
        "AND worker NOT LIKE '%/shadow-%' "
        "GROUP BY camera_id, worker, date(predicted_at)",
        "SELECT frame_id FROM predictions WHERE role = 'production' ORDER BY predicted_at DESC LIMIT 3",
    ],
)
def test_no_question_reads_the_whole_table(store: PredictionStore, question: str) -> None:
    with store.engine.connect() as connection:
        plan = " ".join(str(row[-1]) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {question}")))

    assert "USING" in plan
    assert "INDEX predictions_by" in plan


def test_events_of_other_classifiers_are_left_out(store: PredictionStore) -> None:
    mine = ModelEvent(NOON, "here/worker-1", "cars", None, 3, "loaded")
    store.record_model_event(mine)
    store.record_model_event(replace(mine, classifier="simpsons"))

    assert read_model_events(store, "cars") == (mine,)


def test_a_store_that_was_never_used_answers_nothing_and_makes_no_file(tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")

    assert find_answers(store, "t-0-1") == ()
    assert newest_frame_ids(store) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_an_older_version_says_what_updates_it(store: PredictionStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE predictions DROP COLUMN nearest"))

    with pytest.raises(StoreError, match="vigia up"):
        find_answers(store, "gate-1")


@pytest.mark.parametrize(
    ("frame_id", "expected"),
    [
        ("taller_camara_stream-2-17", Position("taller_camara_stream", 2, 17)),
        ("my-topic-0-1", Position("my-topic", 0, 1)),
        ("gate-1", None),
        ("-0-1", None),
        ("gate-a-1", None),
        ("", None),
    ],
)
def test_a_place_is_a_topic_and_two_numbers(frame_id: str, expected: Position | None) -> None:
    assert parse_position(frame_id) == expected

import sqlite3
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError

from pipelines.errors import StoreError
from stream.dead_letters.records import Choice, find_letters
from stream.messages import DeadLetter, Position
from stream.store import CameraRecord, ModelEvent, PredictionStore, RefusedRowsError
from stream.store_engine import build_engine
from stream.store_rows import upsert
from stream.tables import cameras, model_events, predictions
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it
LETTER = DeadLetter(
    position=Position("t", 0, 4),
    stage="image",
    reason="truncated_picture",
    message="Expected a picture.",
    camera_id=None,
    size_bytes=7,
    sha256="cd" * 32,
    created_at=NOON,
)


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}", retry_seconds=0.2)
    store.migrate()
    return store


def read_letters(store: PredictionStore) -> list[DeadLetter]:
    return [stored.letter for stored in find_letters(store, Choice())]


def test_building_a_store_and_looking_into_one_that_is_not_there_makes_no_file(tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}")

    assert find_letters(store, Choice()) == []
    assert store.read_cameras() == []
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_in_wal_mode_so_that_the_page_reads_while_workers_write(store: PredictionStore) -> None:
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 5000


def test_a_row_comes_back_with_aware_times_and_its_five_best(store: PredictionStore) -> None:
    store.store_batch([PREDICTION], [])

    with store.engine.connect() as connection:
        row = connection.execute(select(predictions)).one()
    assert (row.topic, row.partition, row.offset, row.classifier) == ("taller_camara_stream", 2, 17, "cars")
    assert row.top == [["Volvo", 0.75], ["Škoda", 0.25]]
    assert row.predicted_at == PREDICTION.predicted_at
    assert row.predicted_at.tzinfo is UTC


def test_a_frame_that_is_delivered_again_overwrites_its_row(store: PredictionStore) -> None:
    store.store_batch([PREDICTION, replace(PREDICTION, classifier="simpsons")], [])

    store.store_batch([replace(PREDICTION, model_version=4, label="Škoda")], [])

    with store.engine.connect() as connection:
        rows = connection.execute(select(predictions.c.classifier, predictions.c.model_version).order_by("classifier"))
        assert [tuple(row) for row in rows] == [("cars", 4), ("simpsons", 3)]


def test_a_batch_is_stored_whole_or_not_at_all(store: PredictionStore) -> None:
    broken = replace(LETTER, reason=None)  # type: ignore[arg-type]  # the database must refuse it

    with pytest.raises(StoreError):
        store.store_batch([PREDICTION], [broken])

    with store.engine.connect() as connection:
        assert connection.execute(select(predictions)).all() == []


def test_a_cameras_counters_grow_and_its_last_frame_is_not_forgotten(store: PredictionStore) -> None:
    record = CameraRecord("gate", "pictures", "online", NOON, 10, 1, None)
    store.record_cameras([record])

    later = replace(record, state="offline", last_frame_at=None, new_frames_sent=5, new_frames_dropped=0)
    store.record_cameras([replace(later, last_error="gone")])

    (row,) = store.read_cameras()
    assert (row["state"], row["last_error"]) == ("offline", "gone")
    assert (row["frames_sent"], row["frames_dropped"], row["last_frame_at"]) == (15, 1, NOON)


def test_model_events_are_kept_in_order(store: PredictionStore) -> None:
    store.record_model_event(ModelEvent(NOON, "w", "cars", None, 1, "loaded"))
    store.record_model_event(ModelEvent(NOON, "w", "cars", 1, 2, "refused", "rubble"))

    with store.engine.connect() as connection:
        rows = connection.execute(select(model_events.c.event, model_events.c.detail).order_by(model_events.c.id))
        assert [tuple(row) for row in rows] == [("loaded", None), ("refused", "rubble")]


def test_a_store_that_stays_locked_is_an_error_and_works_again_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "vigia.db"
    store = PredictionStore(f"sqlite:///{file}?timeout=0.05", retry_seconds=0.3)
    store.migrate()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="locked"):
        store.store_batch([PREDICTION], [])

    other.execute("ROLLBACK")
    store.store_batch([PREDICTION], [])
    other.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "rubbish", "sqlite+nothing:///a"])
def test_an_address_of_another_kind_is_refused_with_a_word(url: str) -> None:
    with pytest.raises(StoreError, match="VIGIA_DATABASE_URL"):
        build_engine(url)


def test_a_plain_postgresql_address_uses_the_driver_that_is_installed() -> None:
    assert build_engine("postgresql://u:secret@db/vigia").driver == "psycopg"


def test_an_error_never_shows_the_password() -> None:
    store = PredictionStore("postgresql://u:secret@127.0.0.1:1/vigia", retry_seconds=0.1)

    with pytest.raises(StoreError) as caught:
        store.store_batch([PREDICTION], [])

    assert "secret" not in str(caught.value)


def test_on_postgresql_the_same_upsert_is_written_in_its_own_words() -> None:
    statement = str(upsert(predictions, "postgresql").compile(dialect=POSTGRESQL))

    assert 'ON CONFLICT (topic, partition, "offset", classifier, role) DO UPDATE SET' in statement
    assert "model_version = excluded.model_version" in statement


def test_on_postgresql_a_cameras_counters_grow_too() -> None:
    statement = str(upsert(cameras, "postgresql", add=("frames_sent",)).compile(dialect=POSTGRESQL))

    assert "frames_sent = (cameras.frames_sent + excluded.frames_sent)" in statement


def test_rows_never_go_into_a_file_that_was_moved_away(tmp_path: Path, store: PredictionStore) -> None:
    store.store_batch([PREDICTION], [])
    folder = tmp_path / "store"
    folder.rename(tmp_path / "away")

    with pytest.raises(StoreError, match="gone"):
        store.store_batch([replace(PREDICTION, label="Škoda")], [])
    assert not folder.exists()

    (tmp_path / "away").rename(folder)
    store.store_batch([replace(PREDICTION, label="Škoda")], [])
    with store.engine.connect() as connection:
        assert connection.execute(select(predictions.c.label)).scalars().all() == ["Škoda"]


def test_a_file_that_is_moved_away_while_rows_are_written_did_not_store_them(
    tmp_path: Path, store: PredictionStore
) -> None:
    def move(*_: object) -> None:
        (tmp_path / "store").rename(tmp_path / "away")

    event.listen(store.engine, "commit", move)

    with pytest.raises(StoreError, match="gone"):
        store.store_batch([PREDICTION], [])


def test_a_page_reads_the_file_that_lies_there_now(tmp_path: Path, store: PredictionStore) -> None:
    reader = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}")
    store.store_batch([], [LETTER])
    assert len(read_letters(reader)) == 1

    (tmp_path / "store").rename(tmp_path / "away")
    assert read_letters(reader) == []
    store.migrate()

    assert read_letters(reader) == []
    store.store_batch([], [replace(LETTER, reason="new")])
    assert [letter.reason for letter in read_letters(reader)] == ["new"]


def test_a_prediction_that_the_database_refuses_is_named_and_the_others_are_not_blamed(store: PredictionStore) -> None:
    good = replace(PREDICTION, position=Position("t", 0, 1))
    bad = replace(PREDICTION, position=Position("t", 0, 2), label="half a character: \ud800")

    with pytest.raises(RefusedRowsError, match="refuses 1 of 2 predictions") as caught:
        store.store_batch([good, bad], [])

    assert caught.value.refused == {(bad.position, "cars")}
    with store.engine.connect() as connection:
        assert connection.execute(select(predictions)).all() == []


def test_free_text_of_any_kind_is_kept(store: PredictionStore) -> None:
    store.store_batch([], [replace(LETTER, message="NUL \0, half a character \ud83d, a whole one \U0001f697")])

    assert read_letters(store)[0].message == "NUL \ufffd, half a character \ufffd, a whole one \U0001f697"


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("database or disk is full", "Free space on the disk"),
        ("attempt to write a readonly database", "mount the disk for writing"),
        ("database is locked", "end that program"),
        ("database disk image is malformed", "move it away"),
        ("no such table: predictions", "VIGIA_DATABASE_URL"),
    ],
)
def test_what_keeps_the_store_from_writing_is_said_in_one_line_with_its_mend(
    tmp_path: Path, words: str, mend: str
) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}", retry_seconds=0.1)
    store.migrate()

    def fail(*_: object) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError(f"{words}\nand a second line"))

    event.listen(store.engine, "before_cursor_execute", fail)

    with pytest.raises(StoreError) as caught:
        store.store_batch([PREDICTION], [])

    assert words in str(caught.value)
    assert mend in str(caught.value)
    assert "\n" not in str(caught.value)

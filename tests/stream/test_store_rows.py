"""Rows that go to the driver are those that SQLAlchemy itself would write."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, cast, func, literal, select
from sqlalchemy.types import Text

from stream.messages import DeadLetter, Position, Prediction
from stream.store import PredictionStore
from stream.store_rows import REPLAY_COLUMNS, BoundRows, bind_letters, bind_predictions, bind_rows, upsert
from stream.tables import dead_letters, metadata, predictions
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER

ANSWERS = (
    PREDICTION,
    replace(PREDICTION, classifier="bare", image_name=None, precision=None, infer_ms=None, nearest=(), top=()),
    replace(
        PREDICTION,
        classifier="full",
        nearest=(("Škoda 100 % {} :x ?", 0.5), ("%s", 1.0)),
        consensus_label="Volvo",
        consensus_confidence=1,
        consensus_frames=0,
        consensus_policy="2-a7257ead",
        infer_ms=1,
        confidence=1,
    ),
)
LETTERS = (LETTER, replace(LETTER, position=Position("t", 0, 5), message="NUL \0 and \ud83d, 100 %s", camera_id="gate"))


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    return make_store(tmp_path / "vigia.db")


def make_store(file: Path) -> PredictionStore:
    file.touch()  # only a migration makes one
    store = PredictionStore(f"sqlite:///{file}")
    metadata.create_all(store.engine)
    return store


def plain_answer(answer: Prediction) -> dict[str, Any]:
    lists = {"top": [list(pair) for pair in answer.top], "nearest": [list(pair) for pair in answer.nearest] or None}
    return _plain(predictions, answer) | lists


def plain_letter(letter: DeadLetter) -> dict[str, Any]:
    return _plain(dead_letters, letter)


def _plain(table: Table, item: Any) -> dict[str, Any]:
    place = {"topic": item.position.topic, "partition": item.position.partition, "offset": item.position.offset}
    names = [column.name for column in table.columns if column.name not in (*place, *REPLAY_COLUMNS)]
    return place | {name: getattr(item, name) for name in names}


def rows_of(connection: Connection, table: Table) -> list[tuple[Any, ...]]:
    """As the database has them, without SQLAlchemy's conversions: each value as text, in SQLite with its type."""
    columns: list[Any] = [cast(column, Text) for column in table.columns]
    if connection.dialect.name == "sqlite":
        columns += [func.typeof(column) for column in table.columns]
    return [tuple(row) for row in connection.execute(select(*columns).order_by(*table.primary_key.columns))]


def check_rows(engine: Engine) -> None:
    """AssertionError where one way writes another row than the other, whether it is new or overwritten."""
    ways: list[tuple[Table, BoundRows, Sequence[dict[str, Any]], Sequence[str]]] = [
        (predictions, bind_predictions(ANSWERS, engine.dialect), [plain_answer(each) for each in ANSWERS], ()),
        (dead_letters, bind_letters(LETTERS, engine.dialect), [plain_letter(each) for each in LETTERS], REPLAY_COLUMNS),
    ]
    for table, bound, plain, keep in ways:
        with engine.connect() as connection:
            connection.execute(upsert(table, engine.dialect.name, keep=keep), plain)
            written = rows_of(connection, table)
            bound.write(connection)
            assert rows_of(connection, table) == written
            connection.rollback()
            assert rows_of(connection, table) == []
            bound.write(connection)
            assert rows_of(connection, table) == written
            connection.rollback()


def test_a_row_is_the_same_as_sqlalchemy_writes_it(store: PredictionStore) -> None:
    check_rows(store.engine)


def test_a_letter_that_comes_again_does_not_forget_that_it_was_replayed(store: PredictionStore) -> None:
    store.store_batch([], [LETTER])
    with store.engine.begin() as connection:
        connection.execute(dead_letters.update().values(replayed_at=NOON, replay_id="a", replayed_offset=3))

    store.store_batch([], [replace(LETTER, reason="other")])

    (row,) = store.read(select(dead_letters))
    assert (row.reason, row.replayed_at, row.replay_id, row.replayed_offset) == ("other", NOON, "a", 3)


def test_rows_are_written_in_the_order_of_their_keys(store: PredictionStore) -> None:
    answers = [
        replace(PREDICTION, position=Position("t", partition, offset), classifier=name)
        for partition, offset, name in ((1, 0, "a"), (0, 10, "b"), (0, 10, "a"), (0, 9, "a"))
    ]

    bound = bind_predictions(answers, store.engine.dialect)

    assert [row[1:4] for row in bound.rows] == [(0, 9, "a"), (0, 10, "a"), (0, 10, "b"), (1, 0, "a")]


def test_no_rows_are_no_question_to_the_database(store: PredictionStore) -> None:
    with store.engine.connect() as connection:
        bind_predictions([], connection.dialect).write(connection)
        assert not connection.in_transaction()


def test_threads_and_stores_side_by_side_use_statements_of_their_own_database(tmp_path: Path) -> None:
    stores = [make_store(tmp_path / f"{number}.db") for number in range(20)]

    def write(number: int) -> int:
        stores[number].store_batch([PREDICTION], [LETTER])
        return len(stores[number].read(select(predictions)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(20))) == [1] * 20


def test_columns_that_are_kept_stay_as_they_were(store: PredictionStore) -> None:
    values = [plain_answer(PREDICTION)[column.name] for column in predictions.columns]
    with store.engine.begin() as connection:
        bind_rows(predictions, [values], connection.dialect).write(connection)
        values[list(predictions.columns).index(predictions.c.label)] = "Lada"
        values[list(predictions.columns).index(predictions.c.decision)] = "unsure"
        bind_rows(predictions, [values], connection.dialect, keep=("label",)).write(connection)

        row = connection.execute(select(predictions, literal(1))).one()
    assert (row.label, row.decision) == (PREDICTION.label, "unsure")

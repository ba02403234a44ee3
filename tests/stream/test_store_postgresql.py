"""The store on a real PostgreSQL, where it refuses what SQLite takes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pipelines.errors import StoreError
from stream.messages import Position
from stream.store import PredictionStore, RefusedRowsError
from stream.tables import predictions
from tests.stream.faults import postgres
from tests.stream.faults.postgres import Postgres
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER, read_letters

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not postgres.is_installed(), reason=postgres.ABSENT),
]
GOOD = replace(PREDICTION, position=Position("t", 0, 1))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def store(server: Postgres) -> Iterator[PredictionStore]:
    store = PredictionStore(server.url, retry_seconds=1.0)
    store.migrate()
    yield store
    with store.engine.begin() as connection:
        connection.execute(text("TRUNCATE predictions, dead_letters"))
    store.engine.dispose()


def stored(store: PredictionStore) -> list[tuple[int, str]]:
    with store.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(predictions.c.offset, predictions.c.label))]


def test_a_frame_that_is_delivered_again_overwrites_its_row(store: PredictionStore) -> None:
    store.store_batch([GOOD], [LETTER])
    store.store_batch([replace(GOOD, label="Škoda")], [LETTER])

    assert stored(store) == [(1, "Škoda")]
    assert read_letters(store) == [LETTER]


@pytest.mark.parametrize("label", ["x" * 201, "NUL \0", "half a character \ud800"])
def test_a_label_that_it_cannot_hold_is_named_and_the_others_are_not_blamed(store: PredictionStore, label: str) -> None:
    bad = replace(PREDICTION, position=Position("t", 0, 2), label=label)

    with pytest.raises(RefusedRowsError) as caught:
        store.store_batch([GOOD, bad], [LETTER])

    assert caught.value.refused == {(bad.position, "cars")}
    assert stored(store) == []


def test_free_text_of_any_kind_is_kept(store: PredictionStore) -> None:
    store.store_batch([], [replace(LETTER, message="NUL \0, half a character \ud83d")])

    assert read_letters(store)[0].message == "NUL \ufffd, half a character \ufffd"


def test_a_server_that_is_gone_is_an_error_and_works_again_afterwards(server: Postgres, store: PredictionStore) -> None:
    store.store_batch([GOOD], [])
    server.stop()
    try:
        with pytest.raises(StoreError, match="answers and can be written"):
            store.store_batch([replace(GOOD, label="Škoda")], [])
    finally:
        server.start()

    store.store_batch([replace(GOOD, label="Lada")], [])

    assert stored(store) == [(1, "Lada")]


def test_a_writer_that_is_frozen_in_the_middle_of_a_write_does_not_keep_others_from_it(server: Postgres) -> None:
    patient = PredictionStore(server.url, retry_seconds=30.0)
    patient.migrate()
    with patient.engine.connect() as frozen:
        frozen.execute(text("LOCK TABLE predictions"))

        patient.store_batch([GOOD], [])

        assert (1, GOOD.label) in stored(patient)
        with pytest.raises(DBAPIError):
            frozen.execute(text("SELECT 1"))
    patient.engine.dispose()

"""The store on a real PostgreSQL: what it refuses, several writers, connections that end at the wrong moment."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pipelines.errors import StoreError
from stream.messages import Position, Prediction
from stream.store import PredictionStore, RefusedRowsError
from stream.store_engine import build_engine
from stream.tables import predictions
from tests.stream.postgres import Postgres, why_not
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER, read_letters
from tests.stream.test_store_rows import check_rows
from tests.waiting import wait_until

pytestmark = pytest.mark.integration
GOOD = replace(PREDICTION, position=Position("t", 0, 1))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if reason := why_not():
        pytest.skip(reason)
    with Postgres() as server:
        PredictionStore(server.url).migrate()
        yield server


@pytest.fixture
def store(server: Postgres) -> Iterator[PredictionStore]:
    store = PredictionStore(server.url)
    yield store
    with store.engine.begin() as connection:
        connection.execute(text("TRUNCATE predictions, dead_letters"))
    store.engine.dispose()


@pytest.fixture
def impatient(server: Postgres, store: PredictionStore) -> PredictionStore:
    """The same store, which gives up after a second."""
    return PredictionStore(server.url, retry_seconds=1.0)


def stored(store: PredictionStore) -> list[tuple[int, str]]:
    with store.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(predictions.c.offset, predictions.c.label))]


def test_a_frame_that_is_delivered_again_overwrites_its_row(store: PredictionStore) -> None:
    store.store_batch([GOOD], [LETTER])
    store.store_batch([replace(GOOD, label="Škoda")], [LETTER])

    assert stored(store) == [(1, "Škoda")]
    assert read_letters(store) == [LETTER]


def test_a_row_is_the_same_as_sqlalchemy_writes_it(store: PredictionStore) -> None:
    check_rows(store.engine)


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


def test_a_server_that_is_gone_is_an_error_and_works_again_afterwards(
    server: Postgres, impatient: PredictionStore
) -> None:
    impatient.store_batch([GOOD], [])
    server.stop(signal.SIGQUIT)
    try:
        with pytest.raises(StoreError, match="answers and can be written"):
            impatient.store_batch([replace(GOOD, label="Škoda")], [])
    finally:
        server.start()

    impatient.store_batch([replace(GOOD, label="Lada")], [])

    assert stored(impatient) == [(1, "Lada")]


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


def answers(count: int, worker: str = "a") -> list[Prediction]:
    return [replace(PREDICTION, position=Position("t", 0, offset), worker=worker) for offset in range(count)]


def test_writers_of_the_same_rows_in_opposite_orders_do_not_wait_for_each_other_for_ever(
    server: Postgres, store: PredictionStore
) -> None:
    forwards, backwards = answers(200, "forwards"), answers(200, "backwards")[::-1]
    log = server.folder / "log"
    before = log.read_text().count("deadlock detected")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.store_batch((forwards, backwards)[number % 2], []), range(40)))

    assert log.read_text().count("deadlock detected") == before
    assert len(store.read(select(predictions))) == 200


def test_a_connection_that_is_cut_in_the_middle_of_a_batch_costs_no_row(store: PredictionStore) -> None:
    holder = store.engine.connect()
    store.store_batch(answers(1), [])
    holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # it holds for as long as the test takes
    holder.execute(text("SELECT 1 FROM predictions FOR UPDATE"))
    writing = threading.Thread(target=store.store_batch, args=(answers(50, "cut"), []))
    writing.start()
    # it waits for the row that is held; the others are written and not yet kept
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'"

    # within one transaction the server shows all sessions as it saw them first
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        pid = wait_until(lambda: admin.execute(text(waiting)).scalar(), timeout_seconds=60, what="a writer that waits")
        admin.execute(text(f"SELECT pg_terminate_backend({pid})"))
    holder.close()
    writing.join(120)

    assert {row.worker for row in store.read(select(predictions.c.worker))} == {"cut"}
    assert len(store.read(select(predictions))) == 50


def test_a_database_that_is_started_again_is_written_to_again(server: Postgres, store: PredictionStore) -> None:
    store.store_batch(answers(1), [])
    server.stop()
    writing = threading.Thread(target=store.store_batch, args=(answers(3), []))
    writing.start()

    server.start()
    writing.join(120)

    assert len(store.read(select(predictions))) == 3


def test_a_session_gives_its_locks_back_when_its_host_is_gone_and_the_address_may_say_otherwise(
    server: Postgres,
) -> None:
    names = ("lock_timeout", "tcp_user_timeout", "tcp_keepalives_idle", "idle_in_transaction_session_timeout")

    def settings(url: str) -> list[str]:
        engine = build_engine(url)
        with engine.connect() as connection:
            found = [str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in names]
        engine.dispose()
        return found

    assert settings(server.url) == ["10s", "10000", "5", "5s"]
    assert settings(f"{server.url}?options=-c%20lock_timeout%3D1s")[0] == "1s"

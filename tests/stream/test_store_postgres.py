"""The store on a real PostgreSQL: several writers, and connections that end at the wrong moment."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from stream.messages import Position, Prediction
from stream.store import PredictionStore
from stream.store_engine import build_engine
from stream.tables import predictions
from tests.stream import postgres
from tests.stream.test_messages import PREDICTION
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.Postgres() as server:
        PredictionStore(server.url).migrate()
        yield server


@pytest.fixture
def store(server: postgres.Postgres) -> Iterator[PredictionStore]:
    store = PredictionStore(server.url)
    yield store
    with store.engine.begin() as connection:
        connection.execute(predictions.delete())
    store.engine.dispose()


def answers(count: int, worker: str = "a") -> list[Prediction]:
    return [replace(PREDICTION, position=Position("t", 0, offset), worker=worker) for offset in range(count)]


def test_writers_of_the_same_rows_in_opposite_orders_do_not_wait_for_each_other_for_ever(
    server: postgres.Postgres, store: PredictionStore
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
    holder.execute(text("SELECT 1 FROM predictions FOR UPDATE"))
    writing = threading.Thread(target=store.store_batch, args=(answers(50, "cut"), []))
    writing.start()
    # it waits for the row that is held; the others are written and not yet kept
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'"

    with store.engine.connect() as admin:
        pid = wait_until(lambda: admin.execute(text(waiting)).scalar(), timeout_seconds=10, what="a writer that waits")
        admin.execute(text(f"SELECT pg_terminate_backend({pid})"))
    holder.close()
    writing.join(20)

    assert {row.worker for row in store.read(select(predictions.c.worker))} == {"cut"}
    assert len(store.read(select(predictions))) == 50


def test_a_database_that_is_started_again_is_written_to_again(
    server: postgres.Postgres, store: PredictionStore
) -> None:
    store.store_batch(answers(1), [])
    server.stop()
    writing = threading.Thread(target=store.store_batch, args=(answers(3), []))
    writing.start()

    server.start()
    writing.join(30)

    assert len(store.read(select(predictions))) == 3


def test_a_session_gives_its_locks_back_when_its_host_is_gone_and_the_address_may_say_otherwise(
    server: postgres.Postgres,
) -> None:
    names = ("lock_timeout", "tcp_user_timeout", "tcp_keepalives_idle", "idle_in_transaction_session_timeout")

    def settings(url: str) -> list[str]:
        engine = build_engine(url)
        with engine.connect() as connection:
            found = [str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in names]
        engine.dispose()
        return found

    assert settings(server.url) == ["10s", "10000", "5", "10s"]
    assert settings(f"{server.url}?options=-c%20lock_timeout%3D1s")[0] == "1s"

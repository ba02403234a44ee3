"""Kept frames whose index lies in a real PostgreSQL: the same rules with its own locks."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptIndex
from stream.frames.leases import Window, lease_frames
from stream.frames.locks import StoreLocks
from stream.store import PredictionStore
from stream.tables import kept_frames, metadata
from tests.stream import postgres
from tests.stream.frames.places import KeptPlace
from tests.stream.frames.test_retention import DAY, at_most, retention_of, sweep
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
def place(server: postgres.Postgres, tmp_path: Path) -> Iterator[KeptPlace]:
    database = PredictionStore(server.url)
    yield KeptPlace(tmp_path / "kept", FrameStore(str(tmp_path / "kept")), KeptIndex(database))
    with database.engine.begin() as connection:
        connection.execute(kept_frames.delete())
    database.engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_describes(place: KeptPlace) -> None:
    with place.index.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_old_and_surplus_frames_go_and_leased_ones_stay(place: KeptPlace) -> None:
    for number in range(6):
        camera = "gate" if number % 2 else "yard"
        place.keep(b"%d" % number * 100, offset=number, age=(2 + number) * DAY, camera_id=camera)
    place.keep(b"letter", offset=9, age=9 * DAY, reason="dead_letter", camera_id=None, captured_at=None)

    with lease_frames(place.store, place.index, Window("yard")) as leased:
        sweep(place, at_most(150))
        assert place.offsets() == [0, 2, 4]
        assert all(leased.read(frame) for frame in leased.frames)
    sweep(place, at_most(150))

    assert place.offsets() == [0]
    assert place.index.total_bytes(place.store.address) == 100


def test_keeping_is_shared_removing_alone_and_a_sweep_single(place: KeptPlace) -> None:
    locks, done = StoreLocks(place.index.database.engine, "here"), threading.Event()

    def remove() -> None:
        with locks.alone():
            done.set()

    with locks.sweeping() as first, locks.sweeping() as second:
        assert (first, second) == (True, False)
    with locks.shared(), locks.shared():
        thread = threading.Thread(target=remove)
        thread.start()
        assert not done.wait(0.3)
    thread.join(60)
    assert done.is_set()
    with locks.sweeping() as third:
        assert third


def test_frames_kept_while_older_ones_with_the_same_bytes_are_swept_still_have_their_bytes(place: KeptPlace) -> None:
    locks, kept = StoreLocks(place.index.database.engine, place.store.address), 0
    stop = threading.Event()

    def keep_again() -> None:
        nonlocal kept
        while not stop.is_set():
            kept += 1
            with locks.shared():
                place.keep(b"same", offset=kept, age=timedelta(days=8))

    keeping = threading.Thread(target=keep_again)
    keeping.start()
    try:
        for _ in range(60):
            retention_of(place).sweep(orphans=False)
            with locks.shared():
                for row in place.index.list_newest(camera_id=None, reason=None, limit=5):
                    assert place.store.read(row.path, row.sha256) == b"same"
        wait_until(lambda: kept > 50, timeout_seconds=120, what="fifty frames")
    finally:
        stop.set()
        keeping.join(60)

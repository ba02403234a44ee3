from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from pipelines.errors import FrameStoreError
from stream.frames.leases import Window, forget_expired_leases, lease_frames, read_leases
from stream.tables import kept_frame_leases
from tests.stream.fakes import NOON
from tests.stream.frames.places import KeptPlace

DAY = timedelta(days=1)


def test_a_reader_gets_the_pictures_of_its_window_once_each_oldest_first(place: KeptPlace) -> None:
    place.keep(b"late", offset=1, captured_at=NOON + timedelta(minutes=5))
    place.keep(b"early", offset=2)
    place.keep(b"early", offset=2, reason="unknown")
    place.keep(b"other camera", offset=3, camera_id="yard")
    place.keep(b"too late", offset=4, captured_at=NOON + timedelta(minutes=10))
    place.keep(b"no picture", offset=5, reason="dead_letter", captured_at=None)
    window = Window("gate", NOON, NOON + timedelta(minutes=10))

    with lease_frames(place.store, place.index, window) as leased:
        assert [leased.read(frame) for frame in leased.frames] == [b"early", b"late"]


def test_a_lease_is_there_while_the_block_runs_and_gone_after_it(place: KeptPlace) -> None:
    now = datetime.now(UTC)

    with lease_frames(place.store, place.index, Window("gate")):
        assert read_leases(place.index, now) == (Window("gate"),)

    assert read_leases(place.index, now) == ()


def test_a_lease_ends_also_when_the_reader_fails(place: KeptPlace) -> None:
    with pytest.raises(RuntimeError), lease_frames(place.store, place.index, Window()):
        raise RuntimeError

    assert read_leases(place.index, datetime.now(UTC)) == ()


def test_the_lease_of_a_reader_that_died_expires(place: KeptPlace) -> None:
    with lease_frames(place.store, place.index, Window(), seconds=60):
        later = datetime.now(UTC) + timedelta(seconds=61)
        assert read_leases(place.index, later) == ()
        forget_expired_leases(place.index, later)
        assert read_leases(place.index, datetime.now(UTC)) == ()


def test_reading_renews_the_lease(place: KeptPlace) -> None:
    place.keep(b"a", offset=1)

    with lease_frames(place.store, place.index, Window(), seconds=3600) as leased:
        soon = leased._renewed_at + timedelta(minutes=5)
        ending = update(kept_frame_leases).values(expires_at=soon)
        place.index.database.write(lambda connection: connection.execute(ending))
        leased._renewed_at -= timedelta(minutes=55)
        leased.read(leased.frames[0])
        assert read_leases(place.index, soon + timedelta(minutes=30)) == (Window(),)


def test_a_picture_that_was_deleted_by_hand_is_told(place: KeptPlace) -> None:
    place.keep(b"a", offset=1)

    with lease_frames(place.store, place.index, Window()) as leased:
        place.store.delete([leased.frames[0].path])
        with pytest.raises(FrameStoreError, match="gone"):
            leased.read(leased.frames[0])

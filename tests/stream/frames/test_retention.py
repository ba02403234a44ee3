import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import FrameStoreError
from stream.frames import retention as module
from stream.frames.config import GIBIBYTE, CameraKeep, Keep, KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptFrame
from stream.frames.leases import Window, lease_frames
from stream.frames.locks import StoreLocks
from stream.frames.retention import ORPHAN_AGE, Retention, Swept, find_unneeded, take_bytes
from stream.messages import Position
from tests.stream.fakes import NOON
from tests.stream.frames.places import KeptPlace, make_place
from tests.waiting import wait_until

DAY = timedelta(days=1)


def retention_of(place: KeptPlace, keep: Keep | None = None, **cameras: CameraKeep) -> Retention:
    policy = KeepPolicy(keep or Keep(), cameras)
    return Retention(place.store, place.index, lambda: policy)


def sweep(place: KeptPlace, keep: Keep | None = None, **cameras: CameraKeep) -> Swept:
    swept = retention_of(place, keep, **cameras).sweep(orphans=False)
    assert swept is not None
    return swept


def at_most(count_of_bytes: float) -> Keep:
    return Keep(max_gib=count_of_bytes / GIBIBYTE)


def test_what_is_older_than_its_days_goes_and_evidence_stays_longer(place: KeptPlace) -> None:
    place.keep(b"old", offset=1, age=8 * DAY)
    place.keep(b"young", offset=2, age=6 * DAY)
    place.keep(b"letter", offset=3, age=8 * DAY, reason="dead_letter", camera_id=None, captured_at=None)
    place.keep(b"labelled", offset=4, age=29 * DAY, reason="labelled")
    place.keep(b"old letter", offset=5, age=31 * DAY, reason="dead_letter")

    swept = sweep(place)

    assert place.offsets() == [2, 3, 4]
    assert (swept.rows, swept.files, swept.bytes) == (2, 2, len(b"old") + len(b"old letter"))
    assert len(place.files()) == 3


def test_a_camera_may_have_days_of_its_own(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=2 * DAY)
    place.keep(b"b", offset=2, age=2 * DAY, camera_id="door")
    place.keep(b"c", offset=3, age=20 * DAY, camera_id="archive")
    place.keep(b"d", offset=4, age=2 * DAY, camera_id="door", reason="dead_letter")

    sweep(place, door=CameraKeep(days=1, evidence_days=1), archive=CameraKeep(days=100))

    assert place.offsets() == [1, 3]


def test_a_thousand_cameras_with_days_of_their_own_are_swept(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=2 * DAY, camera_id="c7")

    sweep(place, None, **{f"c{number}": CameraKeep(days=1 + number / 1000) for number in range(300)})

    assert place.offsets() == []


def test_above_the_limit_the_oldest_go_first_and_evidence_last(place: KeptPlace) -> None:
    place.keep(b"l" * 100, offset=0, age=9 * DAY, reason="dead_letter")
    for number in range(1, 11):
        place.keep(bytes([number]) * 100, offset=number, age=timedelta(hours=20 - number))

    swept = sweep(place, at_most(1000))

    assert place.offsets() == [0, *range(3, 11)]
    assert swept.bytes == 200
    sweep(place, at_most(50))
    assert place.offsets() == []


def test_below_the_limit_nothing_goes(place: KeptPlace) -> None:
    place.keep(b"a" * 100, offset=1)

    assert sweep(place, at_most(100)) == Swept()


def test_a_content_stays_as_long_as_one_frame_needs_it(place: KeptPlace) -> None:
    place.keep(b"same", offset=1, age=8 * DAY)
    kept = place.keep(b"same", offset=2, age=1 * DAY)

    swept = sweep(place)

    assert (swept.rows, swept.files) == (1, 0)
    assert place.store.read(kept.path, kept.sha256) == b"same"


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=30, unique_by=lambda pair: pair),
    st.data(),
)
def test_whatever_rows_go_the_contents_of_the_others_stay(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    frames = [
        KeptFrame(Position("t", 0, number), "sampled", "f", "gate", f"{content:064x}", 10 + content, NOON, "jpg", "s")
        for number, (content, _) in enumerate(rows)
    ]
    references = Counter(frame.sha256 for frame in frames)
    going = data.draw(st.lists(st.sampled_from(frames), unique_by=lambda frame: frame.position))

    unneeded = find_unneeded(going, references)

    staying = [frame for frame in frames if frame not in going]
    assert not {frame.path for frame in staying} & unneeded.keys()
    assert {frame.path for frame in frames} == {frame.path for frame in staying} | unneeded.keys()
    taken: Sequence[KeptFrame] = take_bytes(frames, references, 25)
    freed = sum(find_unneeded(taken, references).values())
    assert freed >= 25 or len(taken) == len(frames)
    assert sum(find_unneeded(taken[:-1], references).values()) < 25


def test_a_reader_loses_none_of_its_frames_while_it_reads(place: KeptPlace) -> None:
    for number in range(10):
        place.keep(b"%d" % number, offset=number, age=8 * DAY, camera_id="gate" if number % 2 else "yard")

    with lease_frames(place.store, place.index, Window("gate")) as leased:
        sweep(place)
        assert place.offsets() == [1, 3, 5, 7, 9]
        assert [leased.read(frame) for frame in leased.frames] == [b"1", b"3", b"5", b"7", b"9"]
        sweep(place, at_most(1))
        assert len(place.offsets()) == 5

    sweep(place)
    assert place.offsets() == []


def test_a_window_in_time_protects_what_lies_in_it_and_what_has_no_time(place: KeptPlace) -> None:
    place.keep(b"in", offset=1, age=8 * DAY)
    place.keep(b"before", offset=2, age=8 * DAY, captured_at=NOON - DAY)
    place.keep(b"letter", offset=3, age=40 * DAY, captured_at=None, reason="dead_letter", camera_id=None)

    with lease_frames(place.store, place.index, Window(None, NOON, NOON + DAY)):
        sweep(place)
        assert place.offsets() == [1, 3]


def test_two_sweeps_at_once_are_one(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=8 * DAY)

    with StoreLocks(place.index.database.engine, place.store.address).sweeping():
        assert retention_of(place).sweep(orphans=True) is None

    assert place.offsets() == [1]


def test_a_store_that_does_not_delete_keeps_its_rows_for_the_next_sweep(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=8 * DAY)
    store, place.store = place.store, Stubborn(str(place.folder))

    with pytest.raises(FrameStoreError):
        sweep(place)
    assert place.offsets() == [1]

    place.store = store
    sweep(place)
    assert (place.offsets(), place.files()) == ([], [])


def test_contents_without_a_row_and_pieces_go_after_an_hour_and_foreign_files_never(place: KeptPlace) -> None:
    kept = place.keep(b"kept", offset=1)
    orphan = f"ab/{'ab' * 32}.jpg"
    place.store.write({orphan: b"old orphan", f"cd/{'cd' * 32}.jpg": b"young orphan"})
    piece = place.folder / "ab" / f"{'ef' * 32}.jpg.123.partial"
    piece.write_bytes(b"half")
    mine = place.folder / "holiday.jpg"
    mine.write_bytes(b"mine")
    past = time.time() - ORPHAN_AGE.total_seconds() - 60
    for path in (place.folder / orphan, place.folder / kept.path, piece, mine):
        os.utime(path, (past, past))

    swept = retention_of(place).sweep(orphans=True)

    assert swept is not None
    assert swept.orphans == 2
    assert place.files() == sorted(["holiday.jpg", f"{'cd' * 32}.jpg", Path(kept.path).name])


def test_a_cameras_frames_are_deleted_at_once_even_while_somebody_reads_them(place: KeptPlace) -> None:
    place.keep(b"a", offset=1)
    place.keep(b"b", offset=2, reason="labelled")
    place.keep(b"shared", offset=3)
    place.keep(b"shared", offset=4, camera_id="yard")

    with lease_frames(place.store, place.index, Window("gate")):
        swept = retention_of(place).delete_camera("gate")

    assert (swept.rows, swept.files) == (3, 2)
    assert place.offsets() == [4]
    assert len(place.files()) == 1


def test_frames_of_another_store_are_not_touched(place: KeptPlace, tmp_path: Path) -> None:
    place.keep(b"a", offset=1, age=8 * DAY)
    there = KeptPlace(tmp_path / "there", FrameStore(str(tmp_path / "there")), place.index)
    there.keep(b"b", offset=2, age=8 * DAY)

    sweep(place)

    assert place.offsets() == [2]
    assert len(there.files()) == 1


def test_frames_kept_while_older_ones_with_the_same_bytes_are_swept_still_have_their_bytes(tmp_path: Path) -> None:
    """The same picture over and over, kept and swept at once: no row may ever lack its content."""
    place = make_place(tmp_path)
    locks = StoreLocks(place.index.database.engine, place.store.address)
    stop, rounds = threading.Event(), 0

    def keep_again() -> None:
        offset = 0
        while not stop.is_set():
            offset += 1
            with locks.shared():
                place.keep(b"same", offset=offset, age=8 * DAY)

    keeping = threading.Thread(target=keep_again)
    keeping.start()
    retention = retention_of(place)
    deadline = time.monotonic() + 3
    try:
        while time.monotonic() < deadline or not rounds:
            retention.sweep(orphans=False)
            with locks.shared():
                for row in place.index.list_newest(camera_id=None, reason=None, limit=5):
                    assert place.store.read(row.path, row.sha256) == b"same"
                    rounds += 1
    finally:
        stop.set()
        keeping.join(60)
    assert rounds


class Stubborn(FrameStore):
    def delete(self, paths: Sequence[str]) -> None:
        raise FrameStoreError("Expected to delete, was not allowed to.")


def test_a_failing_sweep_is_said_and_tried_again(
    place: KeptPlace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.keep(b"a", offset=1, age=8 * DAY)
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.02)
    place.store = Stubborn(str(place.folder))
    end = threading.Event()
    retention_of(place).start(end)
    wait_until(lambda: "not swept" in caplog.text, timeout_seconds=60, what="the failure to be said")

    monkeypatch.setattr(Stubborn, "delete", FrameStore.delete)

    wait_until(lambda: place.offsets() == [], timeout_seconds=60, what="the sweep")
    end.set()

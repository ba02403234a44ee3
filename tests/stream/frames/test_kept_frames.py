from dataclasses import replace
from datetime import timedelta

from stream.messages import FRAMES_TOPIC, Position
from tests.stream.fakes import NOON
from tests.stream.frames.places import KeptPlace


def test_a_row_comes_back_as_it_was_and_is_found_by_id_and_by_place(place: KeptPlace) -> None:
    kept = place.keep(b"a", offset=7)

    assert place.index.find("f7") == (kept,)
    assert place.index.find(f"{FRAMES_TOPIC}-0-7") == (kept,)
    assert place.index.find_at(Position(FRAMES_TOPIC, 0, 7)) == (kept,)
    assert place.index.find("nobody") == ()


def test_a_frame_that_comes_again_is_kept_once_and_grows_no_younger(place: KeptPlace) -> None:
    first = place.keep(b"a", offset=7, age=timedelta(days=2))

    place.keep(b"a", offset=7)

    assert place.index.find("f7") == (first,)
    assert len(place.files()) == 1


def test_the_same_bytes_of_two_frames_count_once_and_lie_in_one_place(place: KeptPlace) -> None:
    one, two = place.keep(b"same", offset=1), place.keep(b"same", offset=2, reason="unknown")
    place.keep(b"other!", offset=3)

    assert one.path == two.path
    assert place.index.total_bytes(place.store.address) == 4 + 6
    assert place.index.count_references(place.store.address, [one.sha256]) == {one.sha256: 2}
    assert place.index.total_bytes("elsewhere:/kept") == 0


def test_a_removed_reason_leaves_the_others_of_its_frame(place: KeptPlace) -> None:
    sampled, unknown = place.keep(b"a", offset=1), place.keep(b"a", offset=1, reason="unknown")

    place.index.remove([sampled])

    assert place.index.find("f1") == (unknown,)


def test_counts_name_store_camera_and_reason(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=timedelta(hours=1))
    place.keep(b"b", offset=2)
    place.keep(b"c", offset=3, camera_id=None, reason="dead_letter", captured_at=None)

    by_camera = {(count.camera_id, count.reason): count.frames for count in place.index.count()}

    assert by_camera == {("gate", "sampled"): 2, (None, "dead_letter"): 1}
    assert place.index.count_camera("gate") == {place.store.address: 2}


def test_the_newest_come_first_and_may_be_asked_for_by_camera_and_reason(place: KeptPlace) -> None:
    place.keep(b"a", offset=1, age=timedelta(hours=1))
    place.keep(b"b", offset=2, camera_id="yard", reason="unknown")

    def listed(camera_id: str | None, reason: str | None) -> list[int]:
        found = place.index.list_newest(camera_id=camera_id, reason=reason, limit=10)
        return [frame.position.offset for frame in found]

    assert listed(None, None) == [2, 1]
    assert listed("gate", None) == [1]
    assert listed(None, "unknown") == [2]


def test_a_path_is_the_hash_below_its_first_two_letters(place: KeptPlace) -> None:
    kept = replace(place.keep(b"\xff\xd8\xff", offset=1), sha256="ab" * 32)

    assert kept.path == f"ab/{'ab' * 32}.jpg"
    assert kept.captured_at == NOON

import errno
import os
import tracemalloc
import zlib
from pathlib import Path

import pytest

from pipelines.datasets import collecting
from pipelines.datasets.collecting import CollectedPictures, collect_pictures
from pipelines.datasets.layouts.listing import SourcePicture, read_picture
from tests.pipelines.datasets.pictures import encode_picture


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir()
    return tmp_path / "room"


def offer(folder: Path, **contents: bytes) -> list[SourcePicture]:
    """`offer(folder, cat_a=b"...")`: a file of class cat named a.jpg."""
    (folder / "in").mkdir()
    pictures = []
    for name, content in contents.items():
        file = folder / "in" / f"{name}.jpg"
        file.write_bytes(content)
        pictures.append(SourcePicture(name.split("_")[0], file, file.name))
    return pictures


def collect(pictures: list[SourcePicture], room: Path | None, known: frozenset[str] = frozenset()) -> CollectedPictures:
    return collect_pictures(pictures, known, room, lambda line: None)


def test_the_bytes_that_were_hashed_are_the_bytes_that_wait(tmp_path: Path, room: Path) -> None:
    encoded = encode_picture(1)

    (found,) = collect(offer(tmp_path, cat_a=encoded), room).pictures

    assert found.waiting is not None
    assert found.waiting.read_bytes() == encoded
    assert found.suffix == ".jpg"


def test_known_bytes_are_not_decoded_and_do_not_wait(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = offer(tmp_path, cat_a=encode_picture(1))
    known = frozenset(each.sha256 for each in collect(pictures, None).pictures)
    monkeypatch.setattr(collecting, "check_image", None)

    (found,) = collect(pictures, room, known).pictures

    assert found.waiting is None
    assert not list(room.iterdir())


def test_a_copy_counts_and_under_another_label_is_rejected(tmp_path: Path, room: Path) -> None:
    encoded = encode_picture(1)

    found = collect(offer(tmp_path, cat_a=encoded, cat_b=encoded, dog_c=encoded), room)

    assert (len(found.pictures), found.duplicates, len(list(room.iterdir()))) == (1, 1, 1)
    assert [each.reason for each in found.rejected] == ["The dataset has the same picture as cat."]


def test_a_trial_run_writes_nothing(tmp_path: Path) -> None:
    pictures = offer(tmp_path, cat_a=encode_picture(1))

    assert collect(pictures, None).pictures[0].waiting is None


def test_files_that_vanish_or_refuse_after_the_listing_are_rejected(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = offer(tmp_path, cat_gone=encode_picture(1), cat_closed=encode_picture(2), cat_fine=encode_picture(3))
    pictures[0].path.unlink()

    def refuse(picture: SourcePicture, max_bytes: int) -> bytes:
        if picture is pictures[1]:  # the rights of a file do not bind root, who may run the tests
            raise PermissionError(errno.EACCES, "Permission denied")
        return read_picture(picture, max_bytes)

    monkeypatch.setattr(collecting, "read_picture", refuse)

    found = collect(pictures, room)

    assert [each.reason for each in found.rejected] == [
        "Expected a readable file. No such file or directory.",
        "Expected a readable file. Permission denied.",
    ]
    assert len(found.pictures) == 1


def test_a_huge_file_is_refused_unread(tmp_path: Path, room: Path) -> None:
    pictures = offer(tmp_path, cat_huge=b"")
    os.truncate(pictures[0].path, 4 << 30)
    tracemalloc.start()

    found = collect(pictures, room)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "Expected at most 64000000 bytes, received 4294967296" in found.rejected[0].reason
    assert peak < 10_000_000


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, room: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    side = (30_000).to_bytes(4, "big")
    header = chunk(b"IHDR", side + side + b"\x08\x02\x00\x00\x00")
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")

    (refused,) = collect(offer(tmp_path, cat_bomb=bomb), room).rejected

    assert "\n" not in refused.reason
    assert "pixels" in refused.reason


def test_a_full_disk_is_no_fault_of_the_picture(tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    pictures = offer(tmp_path, cat_a=encode_picture(1))
    monkeypatch.setattr(Path, "write_bytes", fill)

    with pytest.raises(OSError, match="No space left"):
        collect(pictures, room)


def test_a_long_reading_is_told_as_it_goes(tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PROGRESS_SECONDS", 0)
    told: list[str] = []

    collect_pictures(offer(tmp_path, cat_a=encode_picture(1)), frozenset(), room, told.append)

    assert told == ["1 of 1 pictures read"]

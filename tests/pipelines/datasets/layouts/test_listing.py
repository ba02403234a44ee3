import os
from pathlib import Path

import pytest

from pipelines.datasets.layouts.listing import SourcePicture, class_folder, read_picture
from pipelines.errors import ImageError


def describe(path: Path, offset: int = 0, size: int | None = None) -> SourcePicture:
    return SourcePicture("cat", path, path.name, offset=offset, size=size)


def test_a_picture_is_a_whole_file_or_a_part_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")

    assert read_picture(describe(tmp_path / "a"), 10) == b"0123456789"
    assert read_picture(describe(tmp_path / "a", 3, 4), 4) == b"3456"


def test_a_file_of_four_gigabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as stream:
        stream.truncate(4_000_000_000)

    with pytest.raises(ImageError, match=r"at most 1000 bytes, received 4000000000\."):
        read_picture(describe(tmp_path / "a.jpg"), 1000)
    with pytest.raises(ImageError, match="at most 1000 bytes"):
        read_picture(describe(tmp_path / "a.jpg", 0, 2000), 1000)


def test_an_archive_that_has_shrunk_meanwhile_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"01234")

    with pytest.raises(ImageError, match=r"Expected 4 bytes within a\.tar, received 2\."):
        read_picture(describe(tmp_path / "a.tar", 3, 4), 100)


def test_a_pipe_and_a_folder_are_no_pictures(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    with pytest.raises(ImageError, match="received a pipe"):
        read_picture(describe(tmp_path / "pipe.jpg"), 100)
    with pytest.raises((ImageError, OSError)):
        read_picture(describe(tmp_path), 100)


def test_a_file_that_is_gone_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_picture(describe(tmp_path / "gone.jpg"), 100)


@pytest.mark.parametrize(
    ("label", "folder"),
    [("Cafe\u0301", "Café"), ("C/V Van", "C_V Van"), ("..", ""), (".hidden", "hidden"), ("a\\b", "a_b"), ("😀", "😀")],
)
def test_a_label_becomes_a_name_that_a_folder_can_have(label: str, folder: str) -> None:
    assert class_folder(label) == folder

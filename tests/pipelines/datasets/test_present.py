from pathlib import Path

import pytest

from pipelines.datasets.catalogue import ClassParts, write_classes
from pipelines.datasets.present import read_present
from pipelines.errors import DatasetError
from tests.pipelines.datasets.pictures import make_class_folders


def test_pictures_lie_in_class_folders_and_everything_else_is_a_file(tmp_path: Path) -> None:
    make_class_folders(tmp_path, cat=1)
    write_classes(tmp_path, {"cat": ClassParts("a", "b", "")})
    for name in ("cat/notes.txt", "cat/.hidden.jpg", "loose.jpg"):
        (tmp_path / name).write_text("words")

    present = read_present(tmp_path)

    assert [(file.file, file.label) for file in present.pictures] == [("cat/cat0.jpg", "cat")]
    assert len(present.files) == 5
    assert present.classes == {"cat": ClassParts("a", "b", "")}


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_present(tmp_path / "nothing").files == ()


def test_the_hash_follows_names_and_bytes(tmp_path: Path) -> None:
    make_class_folders(tmp_path, cat=2)
    before = read_present(tmp_path).md5

    (tmp_path / "cat" / "cat0.jpg").rename(tmp_path / "cat" / "other.jpg")

    assert read_present(tmp_path).md5 != before


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.jpg").symlink_to(tmp_path / "missing")

    with pytest.raises(DatasetError, match=r"cat/a\.jpg, received: No such file"):
        read_present(tmp_path)

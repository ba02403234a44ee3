from pathlib import Path

import pytest

from pipelines.datasets.class_folders import check_class_sizes, read_class_folders
from pipelines.errors import DatasetError
from tests.pipelines.datasets.pictures import make_class_folders


def test_a_label_is_the_name_of_the_class_folder_also_for_nested_pictures(tmp_path: Path) -> None:
    make_class_folders(tmp_path, cat=1, dog=1)
    (tmp_path / "cat" / "kittens").mkdir()
    (tmp_path / "cat" / "kittens" / "Small.PNG").write_bytes(b"any")

    found = [(file.label, file.path.relative_to(tmp_path).as_posix()) for file in read_class_folders(tmp_path)]

    assert found == [("cat", "cat/cat0.jpg"), ("cat", "cat/kittens/Small.PNG"), ("dog", "dog/dog0.jpg")]


def test_files_that_are_no_pictures_are_passed_over(tmp_path: Path) -> None:
    make_class_folders(tmp_path, cat=1, dog=1)
    for name in ("README.md", "cat/notes.txt", "cat/.hidden.jpg", ".DS_Store"):
        (tmp_path / name).write_text("words")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.jpg").write_bytes(b"any")

    assert len(read_class_folders(tmp_path)) == 2


@pytest.mark.parametrize(
    ("files", "words"),
    [([], "no picture at all"), (["loose.jpg"], "pictures without class folders"), (["cat/notes.txt"], "no picture")],
)
def test_a_folder_without_pictures_in_class_folders_is_refused(tmp_path: Path, files: list[str], words: str) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"any")

    with pytest.raises(DatasetError, match=words):
        read_class_folders(tmp_path)


def test_an_empty_class_folder_among_full_ones_is_named(tmp_path: Path) -> None:
    make_class_folders(tmp_path, cat=1, dog=1)
    (tmp_path / "horse").mkdir()

    with pytest.raises(DatasetError, match="none in horse"):
        read_class_folders(tmp_path)


def test_a_missing_folder_and_a_file_in_its_place_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("words")

    with pytest.raises(DatasetError, match="found nothing"):
        read_class_folders(tmp_path / "missing")
    with pytest.raises(DatasetError, match="received the file"):
        read_class_folders(tmp_path / "file")


@pytest.mark.parametrize("place", ["top", "class"])
def test_a_folder_that_refuses_to_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    make_class_folders(tmp_path, cat=1, dog=1)
    closed = tmp_path if place == "top" else tmp_path / "cat"
    read = Path.iterdir

    def refuse(folder: Path) -> object:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return read(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)  # the rights of a file do not bind root, who may run the tests

    with pytest.raises(DatasetError, match=f"{closed} refuses"):
        read_class_folders(tmp_path)


def test_each_class_with_too_few_pictures_is_named_with_its_count() -> None:
    with pytest.raises(DatasetError, match=r"in bird \(0\), cat \(2\)\."):
        check_class_sizes({"cat": 2, "dog": 3, "bird": 0}, 3)

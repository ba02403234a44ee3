from pathlib import Path

import pytest

from pipelines.datasets.layouts.reading.folders import (
    find_folder,
    find_links,
    find_pictures,
    list_folders,
    picture_root,
    split_of_name,
)
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put


def test_pictures_of_all_folders_come_sorted_without_what_is_hidden_or_no_picture(tmp_path: Path) -> None:
    put(tmp_path, "b/2.png", "b/deep/er/3.JPG", "a.jpg", ".git/4.jpg", "b/.5.jpg", "b/notes.txt", "folder.jpg/6.webp")

    assert find_pictures(tmp_path) == ["a.jpg", "b/2.png", "b/deep/er/3.JPG", "folder.jpg/6.webp"]


def test_links_are_refused_when_they_lead_out_in_a_circle_nowhere_or_to_a_folder(tmp_path: Path) -> None:
    source = put(tmp_path / "source", "a/1.jpg", "b/2.jpg")
    put(tmp_path, "outside/3.jpg")
    (source / "a" / "out.jpg").symlink_to(tmp_path / "outside" / "3.jpg")
    (source / "a" / "up").symlink_to("..")
    (source / "a" / "self.jpg").symlink_to("self.jpg")
    (source / "a" / "gone.jpg").symlink_to("missing.jpg")
    (source / "a" / "same.jpg").symlink_to("../b/2.jpg")
    (source / "c").symlink_to("b")
    (source / "outside").symlink_to(tmp_path / "outside")

    assert find_links(source) == {
        "a/gone.jpg": "A link that leads nowhere.",
        "a/out.jpg": "A link that leads out of the folder. Copy what it leads to.",
        "a/self.jpg": "A link that leads in a circle or into a closed folder.",
        "a/up": "A link to another folder of the same source, or in a circle.",
        "c": "A link to another folder of the same source, or in a circle.",
        "outside": "A link that leads out of the folder. Copy what it leads to.",
    }
    assert find_pictures(source / "a") == ["1.jpg", "gone.jpg", "out.jpg", "same.jpg", "self.jpg"]


def test_a_folder_that_only_wraps_another_leads_to_the_one_with_class_folders(tmp_path: Path) -> None:
    put(tmp_path, "archive/archive/cat/1.jpg", "archive/archive/dog/2.jpg", "archive/README.md")

    assert picture_root(tmp_path) == tmp_path / "archive" / "archive"


def test_a_single_class_is_no_wrapping(tmp_path: Path) -> None:
    assert picture_root(put(tmp_path, "cat/1.jpg")) == tmp_path


def test_a_folder_in_a_folder_of_its_own_name_is_the_one_that_is_meant(tmp_path: Path) -> None:
    put(tmp_path, "train/train/1.jpg", "images/1.jpg", "images/images/2.jpg")

    assert find_folder(tmp_path, "nothing", "train") == tmp_path / "train" / "train"
    assert find_folder(tmp_path, "images") == tmp_path / "images"
    assert find_folder(tmp_path, "nothing") is None


def test_a_folder_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> object:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.scandir", refuse)  # the rights of a file do not bind root, who may run the tests

    with pytest.raises(DatasetError, match=rf"{tmp_path} refuses: Permission denied"):
        list_folders(tmp_path)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("imagenet-train-000001.tar", "train"),
        ("val/0001.tar", "validation"),
        ("my_test.csv", "test"),
        ("latest.csv", None),
        ("trains.csv", None),
    ],
)
def test_a_split_is_a_word_of_the_name(name: str, split: str | None) -> None:
    assert split_of_name(name) == split

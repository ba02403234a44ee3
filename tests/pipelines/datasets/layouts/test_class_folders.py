from pathlib import Path

import pytest

from pipelines.datasets.catalogue import Box, CataloguePicture, ClassParts, write_pictures
from pipelines.datasets.layouts.class_folders import recognise
from pipelines.datasets.layouts.recognition import read_source
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put
from tests.realdata import find_real_pictures


def test_a_label_is_the_name_of_the_class_folder(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.jpg", "cat/young/b.PNG", "dog/c.webp", "README.md")

    listing = read_source(tmp_path)

    assert listing.layout == "class_folders"
    assert listing.evidence == "2 class folders"
    assert [(each.name, each.label, each.split) for each in listing.pictures] == [
        ("cat/a.jpg", "cat", None),
        ("cat/young/b.PNG", "cat", None),
        ("dog/c.webp", "dog", None),
    ]


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "validation", "testing")])
def test_folders_named_after_splits_are_official_splits(tmp_path: Path, names: tuple[str, str, str]) -> None:
    for name in names:
        put(tmp_path / name, "cat/a.jpg", "dog/b.jpg")

    listing = read_source(tmp_path)

    assert {each.split for each in listing.pictures} == {"train", "validation", "test"}
    assert {each.label for each in listing.pictures} == {"cat", "dog"}
    assert listing.evidence == f"2 class folders in {', '.join(sorted(names))}"


def test_a_train_folder_alone_says_nothing_about_splits(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/a.jpg", "train/dog/b.jpg", "notes/about.txt")

    listing = read_source(tmp_path)

    assert [(each.name, each.split) for each in listing.pictures] == [
        ("train/cat/a.jpg", None),
        ("train/dog/b.jpg", None),
    ]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    put(tmp_path, "car/a.jpg", "train/b.jpg")

    assert {each.label for each in read_source(tmp_path).pictures} == {"car", "train"}


def test_a_flat_test_folder_without_labels_is_left_out_beside_a_labelled_train_folder(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/a.jpg", "train/dog/b.jpg", "test/1.jpg")

    listing = read_source(tmp_path)

    assert {each.label for each in listing.pictures} == {"cat", "dog"}
    assert "test has no class folders and is left out" in listing.evidence


@pytest.mark.parametrize("place", ["", "inside/", "../"])
def test_a_classes_file_inside_or_beside_tells_make_model_and_year(tmp_path: Path, place: str) -> None:
    source = put(tmp_path / "source", "inside/a/1.jpg", "inside/b/2.jpg")
    table = b"\xef\xbb\xbffolder,class,make,model_body,year\na,7,AM General,Hummer,2000\nother,8,x,y,z\n"
    put(source, f"{place}classes.csv", content=table)

    assert read_source(source).classes == {"a": ClassParts("AM General", "Hummer", "2000")}


def test_a_classes_file_about_other_classes_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "source", "a/1.jpg", "b/2.jpg")
    put(tmp_path, "classes.csv", content=b"folder,make,model,year\nc,Audi,TT,2012\n")

    assert read_source(tmp_path / "source").classes == {}


def test_a_dataset_of_another_workspace_keeps_its_splits_and_boxes(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "b/2.jpg")
    rows = [
        CataloguePicture("a/1.jpg", "0" * 64, "old/1.jpg", "test", Box(1, 2, 3, 4)),
        CataloguePicture("b/2.jpg", "1" * 64, "old/2.jpg", "", None),
    ]
    write_pictures(tmp_path, rows)

    assert [(each.split, each.box) for each in read_source(tmp_path).pictures] == [
        ("test", Box(1, 2, 3, 4)),
        (None, None),
    ]


def test_a_pictures_file_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "b/2.jpg")
    put(tmp_path, "pictures.csv", content=b"title,year\nNight watch,1642\n")

    assert len(read_source(tmp_path).pictures) == 2


def test_a_folder_without_class_folders_is_no_evidence(tmp_path: Path) -> None:
    assert recognise(put(tmp_path, "loose.jpg")) is None
    assert recognise(tmp_path / "loose.jpg") is None


@pytest.mark.parametrize(
    ("files", "words"),
    [((), "no picture at all"), (("loose.jpg",), "pictures without class folders"), (("a/notes.txt",), "no picture")],
)
def test_the_error_says_what_came_and_what_each_other_layout_needs(
    tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    put(tmp_path, *files)

    with pytest.raises(DatasetError, match=rf"{words}.* lfw: a folder for each person .* table: ") as refused:
        read_source(tmp_path)

    assert "\n" not in str(refused.value)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "pictures", "classes", "parts"),
    [
        ("data/cars", 835, 24, 24),
        ("data/cars/train", 835, 24, 24),
        ("data/cats_dogs", 3000, 2, 0),
        ("data/cats_dogs/train", 3000, 2, 0),
        ("data/faces/five_celebs/train", 93, 5, 0),
    ],
)
def test_real_folders_are_recognised(folder: str, pictures: int, classes: int, parts: int) -> None:
    listing = read_source(find_real_pictures(folder))

    assert listing.layout == "class_folders"
    assert (len(listing.pictures), len({each.label for each in listing.pictures})) == (pictures, classes)
    assert len(listing.classes) == parts

from pathlib import Path

import pytest

from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put


@pytest.mark.parametrize("place", ["", "train/", "train/train/"])
def test_the_label_is_the_first_word_of_a_flat_name(tmp_path: Path, place: str) -> None:
    put(tmp_path, *(f"{place}{name}" for name in ("cat.0.jpg", "cat.1.JPG", "dog.0.jpg")))

    listing = read_source(tmp_path)

    assert listing.layout == "kaggle_cats_dogs"
    assert [(each.name, each.label) for each in listing.pictures] == [
        (f"{place}cat.0.jpg", "cat"),
        (f"{place}cat.1.JPG", "cat"),
        (f"{place}dog.0.jpg", "dog"),
    ]


def test_the_test_set_without_labels_is_left_out_and_said(tmp_path: Path) -> None:
    put(tmp_path, "train/cat.0.jpg", "train/dog.0.jpg", "test1/1.jpg")

    listing = read_source(tmp_path)

    assert len(listing.pictures) == 2
    assert "test1 has no labels and is left out" in listing.evidence


def test_a_name_that_is_no_label_is_rejected(tmp_path: Path) -> None:
    put(tmp_path, "cat.0.jpg", "dog.0.jpg", "dog.jpg", "horse.0.jpg", "readme.txt")

    assert [each.file for each in read_source(tmp_path).rejected] == ["dog.jpg", "horse.0.jpg"]


@pytest.mark.parametrize("place", ["PetImages", "kagglecatsanddogs_5340/PetImages"])
def test_pet_images_have_the_same_two_labels(tmp_path: Path, place: str) -> None:
    put(tmp_path / place, "Cat/0.jpg", "Cat/666.jpg", "Cat/Thumbs.db", "Dog/11702.jpg")
    put(tmp_path / place / "..", "readme[1].txt")
    source = tmp_path / Path(place).parts[0]

    listing = read_source(source)

    assert listing.layout == "kaggle_cats_dogs"
    assert [(each.path.name, each.label) for each in listing.pictures] == [
        ("0.jpg", "cat"),
        ("666.jpg", "cat"),
        ("11702.jpg", "dog"),
    ]


def test_only_cats_are_not_this_set(tmp_path: Path) -> None:
    assert recognise_layout(put(tmp_path, "a/cat.0.jpg", "b/dog.0.jpg")) == "class_folders"

    with pytest.raises(DatasetError, match=r"Expected cat\.0\.jpg, dog\.0\.jpg"):
        read_source(put(tmp_path, "cat.0.jpg"), "kaggle_cats_dogs")

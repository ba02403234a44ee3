import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.catalogue import Box, ClassParts
from pipelines.datasets.layouts.compcars import read
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import make_compcars, make_surveillance, put, save_cells
from tests.realdata import find_real_pictures


def test_web_pictures_get_make_model_and_year_by_name(tmp_path: Path) -> None:
    listing = read_source(make_compcars(tmp_path))

    assert listing.layout == "compcars"
    assert [(each.name, each.label, each.split, each.box) for each in listing.pictures] == [
        ("image/1/1/2014/a.jpg", "Audi_A4L_2014", "train", Box(10, 20, 30, 60)),
        ("image/2/2/2012/b.jpg", "Hyundai_i30_2012", "test", None),
        ("image/2/3/unknown/c.jpg", "Hyundai_3", None, None),
    ]
    assert listing.classes == {
        "Audi_A4L_2014": ClassParts("Audi", "A4L", "2014"),
        "Hyundai_i30_2012": ClassParts("Hyundai", "i30", "2012"),
        "Hyundai_3": ClassParts("Hyundai", "3", ""),
    }


def test_surveillance_pictures_get_make_and_model_by_name(tmp_path: Path) -> None:
    listing = read_source(make_surveillance(tmp_path))

    assert [(each.name, each.label, each.split) for each in listing.pictures] == [
        ("image/1/a.jpg", "Audi_Q5", "train"),
        ("image/2/b.jpg", "Ford_Kuga", "test"),
    ]
    assert listing.classes["Audi_Q5"] == ClassParts("Audi", "Q5", "")


@pytest.mark.parametrize("part", ["data", "sv_data"])
def test_the_folder_above_is_as_good_as_the_part_itself(tmp_path: Path, part: str) -> None:
    make = make_compcars if part == "data" else make_surveillance
    make(tmp_path / part)

    assert recognise_layout(tmp_path) == "compcars"
    assert read(tmp_path).pictures[0].name.startswith(f"{part}/image/1/")


def test_both_parts_at_once_must_be_chosen_from(tmp_path: Path) -> None:
    make_compcars(tmp_path / "data")
    make_surveillance(tmp_path / "sv_data")

    with pytest.raises(DatasetError, match="both: give one of its two folders"):
        read_source(tmp_path)


def test_a_number_without_a_name_and_a_listed_picture_that_is_not_there_are_rejected_by_name(tmp_path: Path) -> None:
    make_compcars(tmp_path)
    put(tmp_path, "image/3/1/2014/d.jpg", "image/1/x/2014/e.jpg", "image/loose.jpg")
    (tmp_path / "image" / "2" / "2" / "2012" / "b.jpg").unlink()

    listing = read_source(tmp_path)

    assert {each.file: each.reason for each in listing.rejected} == {
        "image/1/x/2014/e.jpg": "Expected it in the folders of a number that misc/make_model_name.mat names.",
        "image/3/1/2014/d.jpg": "Expected it in the folders of a number that misc/make_model_name.mat names.",
        "image/loose.jpg": "Expected it in the folders of a number that misc/make_model_name.mat names.",
        "image/2/2/2012/b.jpg": "train_test_split/classification/test.txt names it, but it is not there.",
    }
    assert "2 pictures, of which 1 are there" in listing.evidence


def test_models_whose_names_differ_only_in_case_share_a_class_folder(tmp_path: Path) -> None:
    make_surveillance(tmp_path)
    names = [["Audi", "Audi Q5", 5], ["AUDI", "audi q5", 6]]
    save_cells(tmp_path / "sv_make_model_name.mat", sv_make_model_name=names)

    assert {each.label for each in read(tmp_path).pictures} == {"Audi_Q5"}


def test_a_picture_on_both_lists_is_refused(tmp_path: Path) -> None:
    make_surveillance(tmp_path)
    put(tmp_path, "test_surveillance.txt", content=b"2/b.jpg\n1/a.jpg\n")

    with pytest.raises(DatasetError, match=r"'1/a.jpg' is on both train_surveillance.txt and test_surveillance.txt"):
        read(tmp_path)


def test_without_the_official_lists_pictures_have_no_split(tmp_path: Path) -> None:
    make_compcars(tmp_path)
    shutil.rmtree(tmp_path / "train_test_split")

    assert {each.split for each in read(tmp_path).pictures} == {None}


@pytest.mark.parametrize("content", [b"", b"4\n1\n", b"4\n1\n30 60 11 21\n", b"\xff\xfe", b"4\n1\na b c d\n"])
def test_a_box_that_cannot_be_read_is_left_out_the_picture_stays(tmp_path: Path, content: bytes) -> None:
    make_compcars(tmp_path)
    put(tmp_path, "label/1/1/2014/a.txt", content=content)

    assert read(tmp_path).pictures[0].box is None


@pytest.mark.parametrize("names", [[["Audi"], ["Ford"]], [["Audi", np.eye(2)], ["Ford", "Kuga"]]])
def test_a_list_that_lacks_makes_or_models_is_refused(tmp_path: Path, names: list[list[Any]]) -> None:
    make_surveillance(tmp_path)
    save_cells(tmp_path / "sv_make_model_name.mat", sv_make_model_name=names)

    with pytest.raises(DatasetError, match="Expected a list of makes and models"):
        read(tmp_path)


@pytest.mark.realdata
def test_the_real_lists_of_the_surveillance_part_name_281_models(tmp_path: Path) -> None:
    meta = find_real_pictures("data/cars/compcars_meta")
    shutil.copytree(meta, tmp_path, dirs_exist_ok=True)
    listed = (meta / "train_surveillance.txt").read_text().splitlines()[:300]
    put(tmp_path, *(f"image/{name}" for name in listed), *(f"image/{number}/made.jpg" for number in range(1, 282)))

    listing = read_source(tmp_path)

    assert listing.layout == "compcars"
    assert len({label.casefold() for label in listing.classes}) == 281
    assert listing.classes["Besturn_X80"] == ClassParts("Besturn", "X80", "")
    assert "the official lists 44481 pictures, of which 300 are there" in listing.evidence
    assert sum(each.split == "train" for each in listing.pictures) == 300


@pytest.mark.realdata
def test_the_real_lists_without_their_pictures_are_one_clear_error() -> None:
    with pytest.raises(DatasetError, match="none of the 44481 that it names can be used"):
        read_source(find_real_pictures("data/cars/compcars_meta"))

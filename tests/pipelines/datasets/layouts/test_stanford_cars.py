from pathlib import Path
from typing import Any

import pytest
from scipy.io import savemat

from pipelines.datasets.catalogue import Box, ClassParts
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.datasets.layouts.stanford_cars import read, recognise, split_class_name
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import (
    CARS,
    annotate,
    make_annotations,
    make_cells,
    make_stanford_cars,
    put,
    save_cells,
)


def test_class_box_and_split_come_from_the_lists(tmp_path: Path) -> None:
    listing = read_source(make_stanford_cars(tmp_path))

    assert listing.layout == "stanford_cars"
    assert [(each.name, each.label, each.split) for each in listing.pictures] == [
        ("cars_train/00001.jpg", "AM_General_Hummer_SUV_2000", "train"),
        ("cars_train/00002.jpg", "Ram_C_V_Cargo_Van_Minivan_2012", "train"),
        ("cars_test/00001.jpg", "Audi_TT_RS_Coupe_2012", "test"),
    ]
    assert {each.box for each in listing.pictures} == {Box(10, 20, 30, 60)}
    assert listing.classes["AM_General_Hummer_SUV_2000"] == ClassParts("AM General", "Hummer SUV", "2000")
    assert listing.pictures[0].path == tmp_path / "cars_train" / "00001.jpg"


def test_without_the_labels_of_the_test_set_it_is_left_out_and_said(tmp_path: Path) -> None:
    listing = read_source(make_stanford_cars(tmp_path, test_labels=False))

    assert [each.name for each in listing.pictures] == ["cars_train/00001.jpg", "cars_train/00002.jpg"]
    assert "cars_test is left out" in listing.evidence
    assert "cars_test_annos_withlabels.mat" in listing.evidence


def test_the_single_list_says_each_pictures_split_itself(tmp_path: Path) -> None:
    rows = [
        annotate("car_ims/000001.jpg", 1, name="relative_im_path", test=0),
        annotate("car_ims/000002.jpg", 2, name="relative_im_path", test=1),
    ]
    put(tmp_path, "car_ims/000001.jpg", "car_ims/000002.jpg")
    savemat(tmp_path / "cars_annos.mat", {"annotations": make_annotations(rows), "class_names": make_cells([CARS])})

    listing = read_source(tmp_path)

    assert listing.layout == "stanford_cars"
    assert [(each.name, each.split) for each in listing.pictures] == [
        ("car_ims/000001.jpg", "train"),
        ("car_ims/000002.jpg", "test"),
    ]


def test_folders_that_archives_nest_in_themselves_are_found(tmp_path: Path) -> None:
    make_stanford_cars(tmp_path / "plain", test_labels=False)
    (tmp_path / "cars_train").mkdir()
    (tmp_path / "plain" / "cars_train").rename(tmp_path / "cars_train" / "cars_train")
    (tmp_path / "car_devkit").mkdir()
    (tmp_path / "plain" / "devkit").rename(tmp_path / "car_devkit" / "devkit")

    assert recognise_layout(tmp_path) == "stanford_cars"
    assert read(tmp_path).pictures[0].name == "cars_train/cars_train/00001.jpg"


def test_a_list_that_names_what_is_not_there_or_not_the_sources_is_answered_by_reasons(tmp_path: Path) -> None:
    make_stanford_cars(tmp_path / "cars", test_labels=False)
    put(tmp_path, "secret.jpg")
    rows = [annotate("00001.jpg", 1), annotate("00009.jpg", 1), annotate("../../secret.jpg", 1)]
    savemat(tmp_path / "cars" / "devkit" / "cars_train_annos.mat", {"annotations": make_annotations(rows)})

    listing = read_source(tmp_path / "cars")

    assert [each.name for each in listing.pictures] == ["cars_train/00001.jpg"]
    assert [(each.file, each.reason) for each in listing.rejected] == [
        ("cars_train/00009.jpg", "cars_train_annos.mat names it, but it is not there."),
        ("cars_train/../../secret.jpg", "cars_train_annos.mat names it, but it leads out of the folder."),
    ]


@pytest.mark.parametrize("number", [0, 4, 1.5, float("nan"), "two", None])
def test_a_class_that_has_no_name_is_one_clear_error(tmp_path: Path, number: Any) -> None:
    make_stanford_cars(tmp_path)
    row = annotate("00001.jpg", 1) | {"class": [] if number is None else number}
    savemat(tmp_path / "devkit" / "cars_train_annos.mat", {"annotations": make_annotations([row])})

    with pytest.raises(DatasetError, match=r"a class from 1 to 3 in element 1 of .*cars_train_annos.mat"):
        read(tmp_path)


def test_a_list_without_the_fields_that_are_needed_names_them(tmp_path: Path) -> None:
    make_stanford_cars(tmp_path)
    savemat(tmp_path / "devkit" / "cars_train_annos.mat", {"annotations": make_annotations([{"fname": "00001.jpg"}])})

    with pytest.raises(DatasetError, match="annotations has no class, bbox_x1"):
        read(tmp_path)


def test_class_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    make_stanford_cars(tmp_path)
    save_cells(tmp_path / "devkit" / "cars_meta.mat", class_names=[("Audi", 7)])

    with pytest.raises(DatasetError, match="Expected a list of class names"):
        read(tmp_path)


def test_a_box_that_encloses_nothing_is_left_out_the_picture_stays(tmp_path: Path) -> None:
    make_stanford_cars(tmp_path, test_labels=False)
    row = annotate("00001.jpg", 1) | {"bbox_x2": 3}
    savemat(tmp_path / "devkit" / "cars_train_annos.mat", {"annotations": make_annotations([row])})

    assert [each.box for each in read(tmp_path).pictures] == [None]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Aston Martin V8 Vantage Coupe 2012", ("Aston Martin", "V8 Vantage Coupe", "2012")),
        ("Land Rover LR2 SUV 2012", ("Land Rover", "LR2 SUV", "2012")),
        ("BMW 1 Series Coupe 2012", ("BMW", "1 Series Coupe", "2012")),
        ("Ferrari FF", ("Ferrari", "FF", "")),
    ],
)
def test_a_class_name_is_make_model_and_year(name: str, parts: tuple[str, str, str]) -> None:
    assert split_class_name(name) == ClassParts(*parts)


def test_the_evidence_names_the_lists_and_what_they_are_about(tmp_path: Path) -> None:
    assert recognise(make_stanford_cars(tmp_path)) == (
        "cars_train_annos.mat for cars_train and cars_test_annos_withlabels.mat for cars_test"
    )


def test_a_folder_that_lacks_a_list_says_what_was_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cars_meta\.mat and cars_train_annos\.mat"):
        read_source(put(tmp_path, "cars_train/1.jpg"), "stanford_cars")

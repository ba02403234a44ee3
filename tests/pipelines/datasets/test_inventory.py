from pathlib import Path

import pytest

from pipelines.datasets.catalogue import Box, CataloguePicture, ClassParts, write_classes, write_pictures
from pipelines.datasets.inventory import LAST, RawPicture, list_raw_pictures
from pipelines.errors import DatasetError
from pipelines.stage_params import PrepareParams

BOX = Box(1, 2, 30, 40)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three pictures of two classes, of which the catalogue knows two."""
    for name in ("bmw_m3/a.jpg", "bmw_m5/b.jpg", "bmw_m3/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    rows = (
        CataloguePicture("bmw_m5/b.jpg", "b" * 64, "cars/b.jpg", "test", BOX),
        CataloguePicture("bmw_m3/gone.jpg", "d" * 64, "cars/gone.jpg", "", None),
        CataloguePicture("bmw_m3/a.jpg", "a" * 64, "cars/a.jpg", "", None),
    )
    write_pictures(tmp_path, rows)
    write_classes(tmp_path, {"bmw_m3": ClassParts("BMW", "M3", "2012"), "bmw_m5": ClassParts("BMW", "M5", "")})
    return tmp_path


def list_by_name(raw: Path, **params: object) -> dict[str, RawPicture]:
    return {each.name: each for each in list_raw_pictures(raw, PrepareParams.model_validate(params))}


def test_pictures_stand_in_the_order_of_the_catalogue_and_strangers_last(raw: Path) -> None:
    pictures = list_raw_pictures(raw, PrepareParams())

    assert [each.name for each in pictures] == ["bmw_m5/b.jpg", "bmw_m3/a.jpg", "bmw_m3/c.jpg"]
    assert [each.arrival for each in pictures] == [0, 2, LAST]
    assert [each.origin for each in pictures] == ["cars/b.jpg", "cars/a.jpg", "bmw_m3/c.jpg"]


def test_splits_and_boxes_of_the_source_are_kept_unless_the_params_say_otherwise(raw: Path) -> None:
    picture = list_by_name(raw)["bmw_m5/b.jpg"]
    plain = list_by_name(raw, official_splits=False, crop_boxes=False)["bmw_m5/b.jpg"]

    assert (picture.official, picture.box) == ("test", BOX)
    assert (plain.official, plain.box) == (None, None)


def test_what_the_catalogue_says_is_not_true_of_other_bytes(raw: Path) -> None:
    picture = list_by_name(raw)["bmw_m5/b.jpg"]

    assert picture.holding("b" * 64) == picture
    replaced = picture.holding("e" * 64)
    assert (replaced.arrival, replaced.official, replaced.box, replaced.origin) == (LAST, None, None, "bmw_m5/b.jpg")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("folder", {"bmw_m3", "bmw_m5"}),
        ("make", {"BMW"}),
        ("make_model", {"BMW M3", "BMW M5"}),
        ("make_model_year", {"BMW M3 2012", "BMW M5"}),
    ],
)
def test_labels_are_what_the_params_ask_for(raw: Path, labels: str, expected: set[str]) -> None:
    assert {each.label for each in list_by_name(raw, labels=labels).values()} == expected


def test_a_label_may_have_another_name(raw: Path) -> None:
    pictures = list_by_name(raw, labels="make_model", label_names={"BMW M3": "sedan", "BMW M5": "sedan"})

    assert {each.label for each in pictures.values()} == {"sedan"}


def test_a_name_for_a_label_that_is_not_there_is_refused(raw: Path) -> None:
    with pytest.raises(DatasetError, match=r"received BMW M4\. The labels are BMW M3, BMW M5"):
        list_by_name(raw, labels="make_model", label_names={"BMW M4": "sedan"})


def test_a_class_without_the_parts_that_a_label_needs_is_named(raw: Path) -> None:
    write_classes(raw, {"bmw_m3": ClassParts("BMW", "M3", "2012"), "bmw_m5": ClassParts("", "", "2012")})

    with pytest.raises(DatasetError, match=r"Expected make, model of the class bmw_m5 in .*classes\.csv"):
        list_by_name(raw, labels="make_model")


def test_a_split_of_another_name_is_refused(raw: Path) -> None:
    write_pictures(raw, [CataloguePicture("bmw_m5/b.jpg", "b" * 64, "cars/b.jpg", "dev", None)])

    with pytest.raises(DatasetError, match="received 'dev'"):
        list_by_name(raw)

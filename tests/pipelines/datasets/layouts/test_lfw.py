from pathlib import Path

import pytest

from pipelines.datasets.layouts.lfw import FacePair, read_pairs
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put
from tests.realdata import find_real_pictures

PAIRS = b"10\t300\nAda_Lovelace\t1\t2\nAda_Lovelace\t1\tAlan_Turing\t3\n"


def make_people(folder: Path) -> Path:
    return put(folder, *(f"Ada_Lovelace/Ada_Lovelace_000{n}.jpg" for n in (1, 2)), "Alan_Turing/Alan_Turing_0001.jpg")


@pytest.mark.parametrize("place", ["", "lfw", "lfw-deepfunneled/lfw-deepfunneled"])
def test_a_label_is_the_name_of_the_person_as_the_folder_spells_it(tmp_path: Path, place: str) -> None:
    make_people(tmp_path / place)

    listing = read_source(tmp_path)

    assert listing.layout == "lfw"
    assert listing.evidence.startswith("2 person folders with pictures named like Ada_Lovelace_0001.jpg")
    assert [each.label for each in listing.pictures] == ["Ada_Lovelace", "Ada_Lovelace", "Alan_Turing"]


@pytest.mark.parametrize("place", ["", "lfw"])
def test_the_list_of_pairs_inside_or_beside_is_counted_against_the_pictures(tmp_path: Path, place: str) -> None:
    make_people(tmp_path / place)
    put(tmp_path, "pairs.txt", content=PAIRS)

    assert "pairs.txt names 2 pairs, 1 of their pictures are not here" in read_source(tmp_path).evidence


def test_pairs_are_of_one_person_or_of_two(tmp_path: Path) -> None:
    put(tmp_path, "pairs.txt", content=PAIRS)

    same, different = read_pairs(tmp_path / "pairs.txt")

    assert same == FacePair("Ada_Lovelace/Ada_Lovelace_0001.jpg", "Ada_Lovelace/Ada_Lovelace_0002.jpg")
    assert same.same
    assert not different.same


@pytest.mark.parametrize("content", [b"Ada one 2\n", b"Ada\n", b"Ada 1 Alan 2 3\n", b"\xff\xfe\x00"])
def test_a_list_of_pairs_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    make_people(tmp_path)
    put(tmp_path, "pairs.txt", content=content)

    with pytest.raises(DatasetError, match="Correct or remove"):
        read_source(tmp_path)


def test_one_folder_with_other_names_makes_it_plain_class_folders(tmp_path: Path) -> None:
    make_people(tmp_path)

    assert recognise_layout(put(tmp_path, "Grace_Hopper/1.jpg")) == "class_folders"
    with pytest.raises(DatasetError, match="Ada_Lovelace/Ada_Lovelace_0001"):
        read_source(tmp_path, "lfw")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "pictures", "people"), [("data/faces/lfw_people", 868, 62), ("data/faces/lfw_pairs", 807, 435)]
)
def test_real_people_are_recognised(folder: str, pictures: int, people: int) -> None:
    listing = read_source(find_real_pictures(folder), classifier="celebrities")

    assert listing.layout == "lfw"
    assert (len(listing.pictures), len({each.label for each in listing.pictures})) == (pictures, people)

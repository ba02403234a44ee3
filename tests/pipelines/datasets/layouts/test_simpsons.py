from pathlib import Path

import pytest

from pipelines.datasets.catalogue import Box
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put
from tests.realdata import find_real_pictures

BOXES = b"""./characters/bart_simpson/pic_0000.jpg,10,20,30,60,bart_simpson
./characters/bart_simpson/pic_0000.jpg,10,20,90,90,bart_simpson
./characters/bart_simpson/pic_0000.jpg,0,0,300,300,lisa_simpson
./characters2/lisa_simpson/pic_0000.jpg,124,142,99,6,lisa_simpson
./characters/lisa_simpson/pic_0001.jpg,16,6,16,6,lisa_simpson
"""


def make_characters(folder: Path) -> Path:
    return put(folder, "bart_simpson/pic_0000.jpg", "lisa_simpson/pic_0000.jpg", "lisa_simpson/pic_0001.jpg")


@pytest.mark.parametrize("place", ["simpsons_dataset", "characters", "simpsons_dataset/simpsons_dataset"])
def test_boxes_are_of_the_character_that_the_folder_names(tmp_path: Path, place: str) -> None:
    make_characters(tmp_path / place)
    put(tmp_path, "annotation.txt", content=BOXES)

    listing = read_source(tmp_path)

    assert listing.layout == "simpsons"
    assert [(each.label, each.box) for each in listing.pictures] == [
        ("bart_simpson", Box(10, 20, 90, 90)),  # the larger of two
        ("lisa_simpson", Box(99, 6, 124, 142)),  # corners the other way round
        ("lisa_simpson", None),  # a click is no box
    ]
    assert "boxes in annotation.txt" in listing.evidence


def test_the_second_copy_within_the_archive_is_not_read_twice(tmp_path: Path) -> None:
    make_characters(tmp_path / "simpsons_dataset")
    make_characters(tmp_path / "simpsons_dataset" / "simpsons_dataset")

    assert len(read_source(tmp_path).pictures) == 3


@pytest.mark.parametrize("place", ["kaggle_simpson_testset", "kaggle_simpson_testset/kaggle_simpson_testset"])
def test_the_flat_test_set_is_the_official_test_split(tmp_path: Path, place: str) -> None:
    make_characters(tmp_path / "simpsons_dataset")
    put(tmp_path / place, "bart_simpson_0.jpg", "lisa_simpson_12.jpg", "marge_0.jpg")

    listing = read_source(tmp_path)

    assert [(each.label, each.split) for each in listing.pictures][-2:] == [
        ("bart_simpson", "test"),
        ("lisa_simpson", "test"),
    ]
    assert {each.split for each in listing.pictures[:-2]} == {"train"}
    assert [each.file for each in listing.rejected] == [f"{place}/marge_0.jpg"]


def test_a_table_of_boxes_inside_or_beside_the_folder_is_evidence(tmp_path: Path) -> None:
    make_characters(tmp_path / "train")
    table = b"file,x1,y1,x2,y2,character\nbart_simpson/pic_0000.jpg,10,20,30,60,bart_simpson\n"
    put(tmp_path, "train_bboxes.csv", content=table)

    assert read_source(tmp_path).pictures[0].box == Box(10, 20, 30, 60)
    assert read_source(tmp_path / "train").pictures[0].box == Box(10, 20, 30, 60)


def test_character_folders_alone_are_plain_class_folders(tmp_path: Path) -> None:
    make_characters(tmp_path)
    put(tmp_path.parent, "annotation.txt", content=b"./characters/other/pic.jpg,1,2,3,4,other\n")

    assert recognise_layout(tmp_path) == "class_folders"
    with pytest.raises(DatasetError, match="Expected simpsons_dataset"):
        read_source(tmp_path, "simpsons")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'"open,1,2,3,4,\n' + b"x" * 200_000])
def test_a_list_of_boxes_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    make_characters(tmp_path / "simpsons_dataset")
    put(tmp_path, "annotation.txt", content=content)

    with pytest.raises(DatasetError, match="Expected path,x1,y1,x2,y2,character in each line"):
        read_source(tmp_path)


@pytest.mark.realdata
@pytest.mark.parametrize("folder", ["data/simpsons", "data/simpsons/train"])
def test_real_stills_are_recognised_with_their_boxes(folder: str) -> None:
    listing = read_source(find_real_pictures(folder))

    assert listing.layout == "simpsons"
    assert (len(listing.pictures), len({each.label for each in listing.pictures})) == (1200, 12)
    assert sum(each.box is not None for each in listing.pictures) == 493

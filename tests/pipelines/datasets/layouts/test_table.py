from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.catalogue import Box
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put


def make_table(folder: Path, text: str, name: str = "labels.csv") -> Path:
    """Pictures in images/ and a table beside that folder."""
    put(folder, "images/a.jpg", "images/b.jpg", "images/c.jpg")
    return put(folder, name, content=text.encode())


def write_parquet(file: Path, columns: dict[str, list[Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), file)


@pytest.mark.parametrize(
    "header", ["path,label", "image,class", "Filename,Category", "\ufefffile,label", "id,img,n,label"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_known_by_their_names(tmp_path: Path, header: str, separator: str) -> None:
    rows = [header, "images/a.jpg,cat", "images/b.jpg,dog"]
    if header.startswith("id"):
        rows = [header, "1,images/a.jpg,9,cat", "2,images/b.jpg,9,dog"]
    make_table(tmp_path, "\n".join(rows).replace(",", separator))

    listing = read_source(tmp_path)

    assert listing.layout == "table"
    assert [(each.name, each.label, each.path) for each in listing.pictures] == [
        ("images/a.jpg", "cat", tmp_path / "images/a.jpg"),
        ("images/b.jpg", "dog", tmp_path / "images/b.jpg"),
    ]


def test_the_table_itself_can_be_given(tmp_path: Path) -> None:
    make_table(tmp_path, "path,label\nimages/a.jpg,cat\n")
    make_table(tmp_path, "path,label\nimages/b.jpg,dog\n", "other.csv")

    listing = read_source(tmp_path / "other.csv")

    assert [each.name for each in listing.pictures] == ["images/b.jpg"]
    assert listing.evidence == "other.csv with the columns path, label"


def test_parquet_is_read_by_the_same_names_and_numbers_become_text(tmp_path: Path) -> None:
    make_table(tmp_path, "", "notes.txt")
    write_parquet(tmp_path / "t.parquet", {"file": ["images/a.jpg", "images/b.jpg"], "label": [3.0, None], "x": [1, 2]})

    listing = read_source(tmp_path)

    assert [(each.name, each.label) for each in listing.pictures] == [("images/a.jpg", "3")]
    assert [each.reason for each in listing.rejected] == ["Expected a label in t.parquet, received none."]


def test_splits_and_boxes_are_read_where_there_are_columns_for_them(tmp_path: Path) -> None:
    make_table(tmp_path, "path,label,split,x1,y1,x2,y2\nimages/a.jpg,cat,TRAIN,1,2,30,40\nimages/b.jpg,dog,val,,,,\n")

    assert [(each.split, each.box) for each in read_source(tmp_path).pictures] == [
        ("train", Box(1, 2, 30, 40)),
        ("validation", None),
    ]


@pytest.mark.parametrize("written", ["1 2 30 40", "[1.0, 2.0, 30.0, 40.0]", "(1;2;30;40)"])
def test_a_box_may_stand_in_one_column(tmp_path: Path, written: str) -> None:
    make_table(tmp_path, f'path,label,bbox\nimages/a.jpg,cat,"{written}"\n')

    assert read_source(tmp_path).pictures[0].box == Box(1, 2, 30, 40)


def test_tables_named_after_splits_are_read_together(tmp_path: Path) -> None:
    make_table(tmp_path, "path,label\nimages/a.jpg,cat\n", "train.csv")
    make_table(tmp_path, "path,label\nimages/b.jpg,dog\n", "test.csv")

    assert {each.name: each.split for each in read_source(tmp_path).pictures} == {
        "images/a.jpg": "train",
        "images/b.jpg": "test",
    }


def test_of_several_other_tables_one_must_be_chosen(tmp_path: Path) -> None:
    make_table(tmp_path, "path,label\nimages/a.jpg,cat\n", "one.csv")
    make_table(tmp_path, "path,label\nimages/b.jpg,dog\n", "two.csv")

    with pytest.raises(DatasetError, match=r"found one\.csv, two\.csv\. Give the one"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("images/z.jpg,cat,,", "labels.csv names it, but it is not there."),
        ("../outside.jpg,cat,,", "labels.csv names it, but it leads out of the folder."),
        ("/etc/hostname,cat,,", "labels.csv names it, but it leads out of the folder."),
        ("images,cat,,", "labels.csv names it, but it is no ordinary file."),
        ("linked.jpg,cat,,", "labels.csv names it, but it is a link that leads out of the folder."),
        ("away/outside.jpg,cat,,", "labels.csv names it, but it leads out of the folder."),
        ("images/b.jpg,,,", "Expected a label in labels.csv, received none."),
        ("images/b.jpg,cat,fold3,", "Expected the split train, validation or test, received 'fold3'."),
        ("images/b.jpg,cat,,9 9 1 1", "Expected a box of four numbers that enclose something, received 9 9 1 1."),
        ("images/a.jpg,dog,,", "The source names it more than once, first as cat."),
        ("images/b.jpg", "Expected a label in labels.csv, received none."),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    source = make_table(tmp_path / "source", f"path,label,split,box\nimages/a.jpg,cat,,\n{row}\n")
    put(tmp_path, "outside.jpg")
    (source / "linked.jpg").symlink_to(tmp_path / "outside.jpg")
    (source / "away").symlink_to(tmp_path)

    listing = read_source(source / "labels.csv")

    assert [each.name for each in listing.pictures] == ["images/a.jpg"]
    assert [each.reason for each in listing.rejected] == [reason]


@pytest.mark.parametrize(
    "content", [b"", b"path\nlabel\n", b"\x00\x01\xff\xfe", b"folder,make\n", b"PAR1nonsense", b"a" * 100_000]
)
@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_a_file_that_is_no_such_table_is_no_evidence(tmp_path: Path, content: bytes, name: str) -> None:
    put(tmp_path, "cat/a.jpg", "dog/b.jpg")
    put(tmp_path, name, content=content)

    assert recognise_layout(tmp_path) == "class_folders"
    with pytest.raises(DatasetError, match="a column of paths"):
        read_source(tmp_path, "table")


def test_a_table_that_breaks_off_in_bytes_that_are_no_text_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "labels.csv", content=b"path,label\nimages/a.jpg,cat\n" + b"\xff" * 100)

    with pytest.raises(DatasetError, match=r"Expected a table with the columns path, label at .*UnicodeDecodeError"):
        read_source(tmp_path)


def test_pictures_within_the_table_itself_are_refused_clearly(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", {"image": [b"\xff\xd8"], "label": [1]})

    with pytest.raises(DatasetError, match="image holds binary, not text or numbers"):
        read_source(tmp_path)

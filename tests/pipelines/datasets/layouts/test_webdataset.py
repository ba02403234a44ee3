import json
import tarfile
from pathlib import Path

import pytest

from pipelines.datasets.layouts.listing import read_picture
from pipelines.datasets.layouts.recognition import read_source, recognise_layout
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import make_archive, put


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("cls", b"cat\n"),
        ("txt", b" cat "),
        ("json", b'{"label": "cat", "caption": "a cat"}'),
        ("json", b'"cat"'),
        ("CLS", b"\xef\xbb\xbfcat"),
    ],
)
def test_the_label_stands_beside_the_picture_under_the_same_key(tmp_path: Path, suffix: str, content: bytes) -> None:
    make_archive(tmp_path / "a.tar", {"001.jpg": b"one", f"001.{suffix}": content})

    listing = read_source(tmp_path)

    assert listing.layout == "webdataset"
    assert [(each.name, each.label) for each in listing.pictures] == [("a.tar/001.jpg", "cat")]
    assert read_picture(listing.pictures[0], 100) == b"one"


def test_members_need_not_stand_side_by_side_and_folders_belong_to_the_key(tmp_path: Path) -> None:
    members = {
        "x/1.jpg": b"one",
        "y/1.jpg": b"two",
        "y/1.cls": b"dog",
        "x/1.cls": b"cat",
        "x/._1.jpg": b"",
        "x/1.id": b"7",
    }
    make_archive(tmp_path / "a.tar", members)

    listing = read_source(tmp_path / "a.tar")

    assert [(each.name, each.label) for each in listing.pictures] == [
        ("a.tar/x/1.jpg", "cat"),
        ("a.tar/y/1.jpg", "dog"),
    ]
    assert listing.rejected == ()


def test_a_number_is_a_place_in_the_list_of_names(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.tar", {"1.jpg": b"one", "1.cls": b"1", "2.jpg": b"two", "2.cls": b"2"})
    assert [each.label for each in read_source(tmp_path).pictures] == ["1", "2"]

    put(tmp_path, "classnames.txt", content=b"cat\ndog\n")
    listing = read_source(tmp_path)

    assert [each.label for each in listing.pictures] == ["dog"]
    assert [each.reason for each in listing.rejected] == ["Expected a label in 2.cls. Class 2 of 2."]


def test_archives_named_after_splits_are_official_splits(tmp_path: Path) -> None:
    for name in ("birds-train-000000.tar", "birds-train-000001.tar", "val/000000.tar"):
        make_archive(tmp_path / name, {"1.jpg": b"one", "1.cls": b"cat"})

    assert [(each.name, each.split) for each in read_source(tmp_path).pictures] == [
        ("birds-train-000000.tar/1.jpg", "train"),
        ("birds-train-000001.tar/1.jpg", "train"),
        ("val/000000.tar/1.jpg", "validation"),
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"2.jpg": b"two"}, "Expected a label beside it, in a file of cls, json, txt."),
        ({"2.jpg": b"two", "2.json": b"{}"}, "Expected a label in 2.json. None of label, class_name"),
        ({"2.jpg": b"two", "2.json": b'{"label": true}'}, "Expected a label in 2.json. None of label"),
        ({"2.jpg": b"two", "2.json": b"[" * 60_000}, "Expected a label in 2.json."),
        ({"2.jpg": b"two", "2.cls": b"\xff\xfe"}, "Expected a label in 2.cls."),
        ({"2.jpg": b"two", "2.cls": b""}, "Expected a label, received none"),
        ({"2.jpg": b"two", "2.txt": b"x" * 70_000}, "Expected a label in 2.txt, received 70000 bytes."),
        ({"2.jpg": b"two", "2.txt": b"x" * 700}, "Expected a label of at most 200 bytes"),
        ({"1.png": b"two"}, "Expected one picture a key, a.tar/1.jpg comes before it."),
    ],
)
def test_a_sample_without_a_usable_label_is_rejected(tmp_path: Path, members: dict[str, bytes], reason: str) -> None:
    make_archive(tmp_path / "a.tar", {"1.jpg": b"one", "1.cls": b"cat"} | members)

    listing = read_source(tmp_path)

    assert [each.name for each in listing.pictures] == ["a.tar/1.jpg"]
    assert len(listing.rejected) == 1
    assert listing.rejected[0].reason.startswith(reason)


def test_json_is_believed_before_a_caption(tmp_path: Path) -> None:
    label = json.dumps({"class": "cat"}).encode()
    make_archive(tmp_path / "a.tar", {"1.jpg": b"one", "1.txt": b"A cat on a mat.", "1.json": label})

    assert read_source(tmp_path).pictures[0].label == "cat"


def test_an_archive_without_labels_is_no_evidence(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "dog/2.jpg")
    make_archive(tmp_path / "backup.tar", {"cat/1.jpg": b"one", "dog/2.jpg": b"two"})

    assert recognise_layout(tmp_path) == "class_folders"


@pytest.mark.parametrize(
    ("kept", "file", "reason"),
    [
        (3500, "a.tar", "Expected an undamaged, uncompressed tar archive. Damage after 3072 bytes."),
        (4000, "a.tar/2.jpg", "Expected the whole file, the archive ends before."),
    ],
)
def test_an_archive_that_breaks_off_gives_what_comes_before(tmp_path: Path, kept: int, file: str, reason: str) -> None:
    members = {"1.jpg": b"cat" * 400, "1.cls": b"cat", "2.jpg": b"dog" * 400, "2.cls": b"dog"}
    whole = make_archive(tmp_path / "a.tar", members)
    put(tmp_path, "a.tar", content=whole.read_bytes()[:kept])

    listing = read_source(tmp_path)

    assert [each.name for each in listing.pictures] == ["a.tar/1.jpg"]
    assert (file, reason) in [(each.file, each.reason) for each in listing.rejected]


def test_nothing_but_a_damaged_archive_is_one_clear_error(tmp_path: Path) -> None:
    put(tmp_path, "a.tar", content=b"x" * 5000)

    with pytest.raises(DatasetError, match=r"a\.tar: Expected an undamaged, uncompressed tar archive"):
        read_source(tmp_path, "webdataset")


def test_a_compressed_archive_is_told_so(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w:gz"):
        pass

    with pytest.raises(DatasetError, match="uncompressed"):
        read_source(tmp_path, "webdataset")


def test_a_folder_without_archives_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"archives \*\.tar in which KEY\.jpg stands"):
        read_source(tmp_path, "webdataset")

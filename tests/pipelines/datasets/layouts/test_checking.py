from pathlib import Path

import pytest

from pipelines.datasets.catalogue import ClassParts
from pipelines.datasets.layouts.checking import check_listing
from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put


def offer(folder: Path, name: str, label: str = "cat", split: Split | None = None) -> SourcePicture:
    return SourcePicture(label, folder / name, name, split)


def make_listing(*pictures: SourcePicture, rejected: tuple[Rejected, ...] = ()) -> Listing:
    return Listing(
        "made",
        "made pictures",
        pictures,
        {"cat": ClassParts("Cat", "", ""), "cow": ClassParts("Cow", "", "")},
        rejected,
    )


def test_what_lies_behind_a_link_is_one_rejection_however_many_pictures_it_hides(tmp_path: Path) -> None:
    source = put(tmp_path / "source", "a/1.jpg")
    put(tmp_path / "outside", "2.jpg", "3.jpg")
    (source / "b").symlink_to(tmp_path / "outside")
    listing = make_listing(*(offer(source, name) for name in ("a/1.jpg", "b/2.jpg", "b/3.jpg")))

    checked = check_listing(source, listing)

    assert [each.name for each in checked.pictures] == ["a/1.jpg"]
    assert checked.rejected == (Rejected("b", "A link that leads out of the folder. Copy what it leads to."),)


def test_an_archive_behind_a_link_is_left_out_with_its_members(tmp_path: Path) -> None:
    source = put(tmp_path / "source", "a/1.jpg")
    put(tmp_path, "b.tar")
    (source / "b.tar").symlink_to(tmp_path / "b.tar")

    checked = check_listing(source, make_listing(offer(source, "a/1.jpg"), offer(source, "b.tar/2.jpg")))

    assert [each.name for each in checked.pictures] == ["a/1.jpg"]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("..", "Expected a label, received none that a folder can be named after."),
        (" ", "Expected a label, received none that a folder can be named after."),
        ("é" * 101, "Expected a label of at most 200 bytes, received 202."),
        ("c\udce9", "Expected a name in UTF-8. Rename the file or the folder."),
    ],
)
def test_a_label_that_no_folder_can_bear_is_rejected(tmp_path: Path, label: str, reason: str) -> None:
    checked = check_listing(tmp_path, make_listing(offer(tmp_path, "1.jpg"), offer(tmp_path, "2.jpg", label)))

    assert checked.rejected == (Rejected("2.jpg", reason),)


def test_a_name_that_is_no_utf_8_is_rejected_under_a_name_that_can_be_written(tmp_path: Path) -> None:
    checked = check_listing(tmp_path, make_listing(offer(tmp_path, "1.jpg"), offer(tmp_path, "2\udce9.jpg")))

    assert [each.file for each in checked.rejected] == ["2\ufffd.jpg"]


def test_labels_are_composed_and_class_parts_follow_them(tmp_path: Path) -> None:
    listing = make_listing(offer(tmp_path, "1.jpg", "Cafe\u0301"), offer(tmp_path, "2.jpg", "cat"))

    checked = check_listing(tmp_path, listing)

    assert [each.label for each in checked.pictures] == ["Café", "cat"]
    assert set(checked.classes) == {"cat"}


def test_the_same_picture_named_twice_counts_once(tmp_path: Path) -> None:
    pictures = (offer(tmp_path, "1.jpg"), offer(tmp_path, "1.jpg", "dog"), offer(tmp_path, "1.jpg", "cow"))

    checked = check_listing(tmp_path, make_listing(*pictures))

    assert [each.label for each in checked.pictures] == ["cat"]
    assert [each.reason for each in checked.rejected] == ["The source names it more than once, first as cat."] * 2


def test_a_split_of_which_there_is_only_one_is_dropped_two_are_kept(tmp_path: Path) -> None:
    alone = make_listing(offer(tmp_path, "1.jpg", split="train"), offer(tmp_path, "2.jpg", split="train"))
    partly = make_listing(offer(tmp_path, "1.jpg", split="train"), offer(tmp_path, "2.jpg"))

    assert [each.split for each in check_listing(tmp_path, alone).pictures] == [None, None]
    assert [each.split for each in check_listing(tmp_path, partly).pictures] == ["train", None]


def test_without_any_usable_picture_the_first_reason_is_said(tmp_path: Path) -> None:
    listing = make_listing(rejected=(Rejected("1.jpg", "It is not there."), Rejected("2.jpg", "Nor is it.")))

    with pytest.raises(DatasetError, match=r"made pictures.*none of the 2 .* can be used; 1\.jpg: It is not there\."):
        check_listing(tmp_path, listing)

from pathlib import Path

import pytest

from pipelines.datasets.objects import (
    VersionFile,
    check_objects,
    find_cache,
    find_damaged,
    find_missing,
    name_files,
    object_path,
    read_dvc_config,
    read_listing,
)
from pipelines.errors import DatasetError, WorkspaceError
from tests.pipelines.datasets.versioned import VersionedPets


def test_a_version_says_what_it_holds_without_a_checkout(pets: VersionedPets) -> None:
    pets.forget_folder()

    listing = read_listing(pets.workspace, pets.md5)

    assert listing is not None
    assert [file.file for file in listing if file.label == "cat"] == [f"cat/cat{number}.jpg" for number in range(6)]
    assert [file.file for file in listing if file.label is None] == ["pictures.csv"]


def test_a_version_that_the_cache_does_not_have_is_none(pets: VersionedPets) -> None:
    assert read_listing(pets.workspace, f"{'0' * 32}.dir") is None


def test_a_damaged_list_of_files_is_refused_and_set_aside(pets: VersionedPets) -> None:
    listing = object_path(find_cache(pets.workspace), pets.md5)
    listing.write_text("[]")

    with pytest.raises(DatasetError, match=r"damaged.*vigia data pull"):
        read_listing(pets.workspace, pets.md5)

    assert not listing.exists()


def test_damaged_objects_are_named_with_their_pictures_and_set_aside(pets: VersionedPets) -> None:
    damaged = pets.damage("dog/dog2.jpg")
    name = damaged.relative_to(pets.workspace).as_posix()

    with pytest.raises(DatasetError, match=rf"dog/dog2\.jpg \({name}\); now in \.dvc/tmp/damaged"):
        check_objects(pets.workspace, "pets", pets.md5)

    kept = pets.workspace / ".dvc" / "tmp" / "damaged"
    assert not damaged.exists()
    assert [file.read_bytes() for file in kept.iterdir()] == [b"damaged"]


def test_whole_objects_are_neither_damaged_nor_missing(pets: VersionedPets) -> None:
    listing = read_listing(pets.workspace, pets.md5) or ()

    check_objects(pets.workspace, "pets", pets.md5)

    assert len(listing) == 13
    assert find_damaged(pets.workspace, listing) == ()
    assert find_missing(pets.workspace, listing) == ()


def test_a_missing_object_is_missing_and_not_damaged(pets: VersionedPets) -> None:
    pets.object_of("cat/cat0.jpg").unlink()
    listing = read_listing(pets.workspace, pets.md5) or ()

    assert [file.file for file in find_missing(pets.workspace, listing)] == ["cat/cat0.jpg"]
    assert find_damaged(pets.workspace, listing) == ()


@pytest.mark.parametrize("written", ["[cache]\n    dir = ../elsewhere\n", "[cache]\ndir=../elsewhere\n"])
def test_a_cache_that_was_moved_is_found_there(tmp_path: Path, written: str) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n[cache]\n    dir = first\n")
    (tmp_path / ".dvc" / "config.local").write_text(written)

    assert find_cache(tmp_path).resolve() == tmp_path / "elsewhere" / "files" / "md5"
    assert read_dvc_config(tmp_path)["core"] == {"analytics": "false"}


def test_a_configuration_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("words\n")

    with pytest.raises(WorkspaceError, match=r"Expected a readable configuration"):
        find_cache(tmp_path)


def test_many_files_are_named_by_the_first_few() -> None:
    assert name_files(["a", "b", "c"]) == "a, b, c"
    assert name_files(f"{number}" for number in range(1500)) == "0, 1, 2 and 1,497 more"


def test_a_file_of_no_class_has_no_label() -> None:
    assert [VersionFile(name, "").label for name in ("cats/1.jpg", "cats/notes.txt", "pictures.csv")] == [
        "cats",
        None,
        None,
    ]

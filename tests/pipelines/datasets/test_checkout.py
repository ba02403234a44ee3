import os
from pathlib import Path

import pytest

from pipelines.datasets.checkout import check_dataset_unchanged, check_out_dataset, is_kept
from pipelines.errors import DatasetError
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture
from tests.pipelines.datasets.versioned import VersionedPets


def test_a_missing_folder_comes_back_from_the_cache(pets: VersionedPets) -> None:
    picture = (pets.raw / "cat/cat0.jpg").read_bytes()
    pets.forget_folder()

    check_out_dataset(pets.workspace, "pets")

    assert (pets.raw / "cat/cat0.jpg").read_bytes() == picture


def test_a_damaged_picture_of_the_cache_is_named_and_never_checked_out(pets: VersionedPets) -> None:
    pets.damage("cat/cat0.jpg")
    pets.forget_folder()

    with pytest.raises(DatasetError, match=r"damaged in the DVC cache: cat/cat0\.jpg.*vigia data pull pets"):
        check_out_dataset(pets.workspace, "pets")
    with pytest.raises(DatasetError, match=r"it lacks cat/cat0\.jpg"):
        check_out_dataset(pets.workspace, "pets")

    assert not pets.raw.exists()


def test_a_folder_that_is_there_is_left_alone(pets: VersionedPets, fake_dvc: FakeDvc) -> None:
    pets.damage("cat/cat0.jpg")
    fake_dvc.calls.clear()

    check_out_dataset(pets.workspace, "pets")

    assert fake_dvc.calls == []


def test_the_recorded_pictures_pass(pets: VersionedPets) -> None:
    check_dataset_unchanged(pets.workspace, "pets")
    check_dataset_unchanged(pets.workspace, "pets")


def test_each_file_that_differs_from_the_record_is_named(pets: VersionedPets) -> None:
    check_dataset_unchanged(pets.workspace, "pets")
    (pets.raw / "cat/cat0.jpg").write_bytes(encode_picture(90))
    (pets.raw / "cat/cat1.jpg").unlink()
    (pets.raw / "dog/mine.jpg").write_bytes(encode_picture(91))

    with pytest.raises(DatasetError) as refused:
        check_dataset_unchanged(pets.workspace, "pets")

    words = str(refused.value)
    assert "1 changed (cat/cat0.jpg), 1 new (dog/mine.jpg), 1 gone (cat/cat1.jpg)" in words
    assert "`dvc add data/raw/pets`" in words


def test_a_change_that_keeps_the_size_is_seen(pets: VersionedPets) -> None:
    check_dataset_unchanged(pets.workspace, "pets")
    file = pets.raw / "cat/cat0.jpg"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))  # a clock that stood still would hide it

    with pytest.raises(DatasetError, match=r"1 changed \(cat/cat0\.jpg\)"):
        check_dataset_unchanged(pets.workspace, "pets")


def test_nothing_is_read_again_while_no_file_changes(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> None:
    check_dataset_unchanged(pets.workspace, "pets")

    def refuse(raw: Path) -> None:
        raise AssertionError(f"{raw} was read again")

    monkeypatch.setattr("pipelines.datasets.checkout.read_present", refuse)
    check_dataset_unchanged(pets.workspace, "pets")


def test_an_older_version_on_the_disk_is_told_as_such(pets: VersionedPets) -> None:
    record = pets.workspace / "data/raw/pets.dvc"
    older = record.read_text()
    pets.add("cat/new.jpg", 90)
    pets.commit()
    record.write_text(older)

    with pytest.raises(DatasetError, match=r"another version lies there.*vigia data pull pets"):
        check_dataset_unchanged(pets.workspace, "pets")


def test_what_file_managers_leave_behind_is_no_change(pets: VersionedPets) -> None:
    (pets.raw / "cat" / ".DS_Store").write_bytes(b"\0")

    check_dataset_unchanged(pets.workspace, "pets")


def test_a_note_beside_the_pictures_is_a_change(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.datasets.checkout.dvc_succeeds", lambda *arguments: False)
    (pets.raw / "notes.txt").write_text("mine")

    with pytest.raises(DatasetError, match=r"1 changed \(notes\.txt\)"):
        check_dataset_unchanged(pets.workspace, "pets")


def test_a_note_that_dvc_passes_over_is_no_change(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.datasets.checkout.dvc_succeeds", lambda *arguments: True)
    (pets.raw / "notes.txt").write_text("mine")

    check_dataset_unchanged(pets.workspace, "pets")


def test_a_version_is_kept_while_every_object_is_there(pets: VersionedPets) -> None:
    assert is_kept(pets.workspace, pets.md5)

    pets.object_of("cat/cat0.jpg").unlink()

    assert not is_kept(pets.workspace, pets.md5)
    assert not is_kept(pets.workspace, f"{'0' * 32}.dir")

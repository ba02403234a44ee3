import pytest

from pipelines.datasets.comparing import WORKSPACE, PictureReader, compare_revisions
from pipelines.datasets.objects import VersionFile
from pipelines.errors import DatasetError
from tests.pipelines.datasets.pictures import encode_picture, hash_md5
from tests.pipelines.datasets.versioned import VersionedPets


def make_reader(pets: VersionedPets) -> PictureReader:
    return PictureReader(pets.workspace, "pets", pets.settings, lambda line: None)


def test_two_commits_are_compared_without_a_checkout(pets: VersionedPets) -> None:
    pets.move("cat/cat0.jpg", "dog/cat0.jpg")
    pets.commit()
    pets.forget_folder()

    comparison = compare_revisions(pets.workspace, "pets", "HEAD~1", "HEAD", pets.settings)

    assert (comparison.before.images, comparison.after.images) == (12, 12)
    assert [(each.before, each.after) for each in comparison.difference.relabelled] == [
        ("cat/cat0.jpg", "dog/cat0.jpg")
    ]
    assert comparison.after.md5 == pets.md5


def test_the_workspace_is_what_lies_on_the_disk_recorded_or_not(pets: VersionedPets) -> None:
    (pets.raw / "cat" / "mine.jpg").write_bytes(encode_picture(90))

    comparison = compare_revisions(pets.workspace, "pets", "HEAD", WORKSPACE, pets.settings)

    assert [file.file for file in comparison.difference.added] == ["cat/mine.jpg"]
    assert comparison.after.commit is None
    assert comparison.after.md5 != pets.md5


def test_a_version_whose_list_nobody_has_is_refused(pets: VersionedPets) -> None:
    pets.forget_cache()

    with pytest.raises(DatasetError, match=r"neither the DVC cache nor the remote.*vigia data push pets"):
        compare_revisions(pets.workspace, "pets", "HEAD", WORKSPACE, pets.settings)


def test_a_picture_is_read_from_the_cache_or_from_the_disk_but_never_damaged(pets: VersionedPets) -> None:
    content = (pets.raw / "cat/cat0.jpg").read_bytes()
    file = VersionFile("cat/cat0.jpg", hash_md5(content))

    pets.damage("cat/cat0.jpg")
    assert make_reader(pets).read(file) == content

    (pets.raw / "cat/cat0.jpg").write_bytes(b"other")
    assert make_reader(pets).read(file) is None

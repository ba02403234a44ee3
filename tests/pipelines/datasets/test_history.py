import subprocess
from pathlib import Path

import pytest

from pipelines.datasets.history import NOT_COMMITTED, list_versions, read_history, resolve_revision
from pipelines.datasets.importing import import_dataset
from pipelines.errors import DatasetError
from pipelines.settings import Settings
from tests.pipelines.datasets.versioned import VersionedPets


def test_each_version_says_what_it_changed_newest_first(pets: VersionedPets) -> None:
    first = pets.md5
    pets.add("dog/new.jpg", 90)
    pets.remove("cat/cat0.jpg")
    pets.move("cat/cat1.jpg", "dog/cat1.jpg")
    commit = pets.commit()

    newest, oldest = read_history(pets.workspace, "pets", pets.settings)

    assert (newest.commit, newest.md5) == (commit, pets.md5)
    assert (newest.images, newest.classes) == (12, 2)
    assert (newest.added, newest.removed, newest.relabelled) == (1, 1, 1)
    assert newest.message == "Dataset pets: 1 picture added, 1 removed, 1 relabelled, now 12 of 2 classes"
    assert (oldest.md5, oldest.images, oldest.added) == (first, 12, 12)
    assert newest.date.utcoffset() == oldest.date - oldest.date


def test_a_version_that_is_not_committed_comes_first(pets: VersionedPets) -> None:
    pets.add("dog/new.jpg", 90)
    import_dataset(pets.workspace, pets.source, "pets")

    newest, oldest = read_history(pets.workspace, "pets", pets.settings)

    assert (newest.commit, newest.message, newest.md5) == (None, NOT_COMMITTED, pets.md5)
    assert (newest.added, newest.images) == (1, 13)
    assert oldest.commit is not None


def test_a_list_of_files_that_nobody_has_leaves_the_counts_unknown(pets: VersionedPets) -> None:
    pets.forget_cache()

    (entry,) = read_history(pets.workspace, "pets", pets.settings)

    assert entry.md5 == pets.md5
    assert {entry.images, entry.classes, entry.added, entry.removed, entry.relabelled} == {None}


def test_a_dataset_that_was_removed_and_came_again_keeps_its_history(pets: VersionedPets) -> None:
    git = ["git", "-C", str(pets.workspace)]
    subprocess.run([*git, "rm", "--quiet", "data/raw/pets.dvc"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "no pets"], check=True)
    pets.add("cat/new.jpg", 91)
    pets.commit()

    assert [version.message for version in list_versions(pets.workspace, "pets")] == [
        "Dataset pets: 13 pictures added, now 13 of 2 classes",
        "Dataset pets: 12 pictures added, now 12 of 2 classes",
    ]


def test_another_classifier_with_the_same_pictures_has_a_history_of_its_own(pets: VersionedPets) -> None:
    import_dataset(pets.workspace, pets.source, "animals", commit=True)

    assert len(list_versions(pets.workspace, "animals")) == 1


def test_a_workspace_below_the_root_of_its_repository_has_a_history(pets: VersionedPets, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    subprocess.run(["git", "init", "--quiet", str(outer)], check=True)
    (pets.workspace / ".git").rename(tmp_path / "put-away")
    inner = pets.workspace.rename(outer / "inner")
    git = ["git", "-C", str(outer), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "add", "inner/data/raw/pets.dvc"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "moved"], check=True)

    assert [version.message for version in list_versions(inner, "pets")] == ["moved"]


def test_a_classifier_without_a_dataset_has_no_history(workspace: Path) -> None:
    with pytest.raises(DatasetError, match="vigia data import FOLDER --classifier pets"):
        read_history(workspace, "pets", Settings())


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD~7"])
def test_a_revision_that_git_does_not_know_is_refused(pets: VersionedPets, revision: str) -> None:
    with pytest.raises(DatasetError, match=r"Expected a commit, a tag.*vigia data versions pets"):
        resolve_revision(pets.workspace, "pets", revision)


def test_a_commit_without_the_dataset_is_refused(pets: VersionedPets) -> None:
    with pytest.raises(DatasetError, match=r"that commit has no data/raw/cats\.dvc"):
        resolve_revision(pets.workspace, "cats", "HEAD")

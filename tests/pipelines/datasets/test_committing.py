import subprocess

from pipelines.datasets.changes import DatasetChange
from pipelines.datasets.committing import commit_change
from pipelines.datasets.importing import import_dataset
from tests.pipelines.datasets.versioned import VersionedPets


def import_pets(pets: VersionedPets) -> DatasetChange:
    return import_dataset(pets.workspace, pets.source, "pets")


def message_of(pets: VersionedPets) -> str:
    return subprocess.run(
        ["git", "-C", str(pets.workspace), "log", "-1", "--format=%B"], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_sentence_counts_from_the_version_that_was_committed_last(pets: VersionedPets) -> None:
    pets.add("cat/one.jpg", 90)
    import_pets(pets)
    pets.add("cat/two.jpg", 91)

    change = commit_change(pets.workspace, import_pets(pets))

    assert change.added == 1
    assert change.git_commit is not None
    assert message_of(pets) == "Dataset pets: 2 pictures added, now 14 of 2 classes"


def test_without_the_cache_the_sentence_counts_what_this_change_did(pets: VersionedPets) -> None:
    pets.add("cat/one.jpg", 90)
    change = import_pets(pets)
    pets.forget_cache()

    commit_change(pets.workspace, change)

    assert message_of(pets) == "Dataset pets: 1 picture added, now 13 of 2 classes"


def test_a_reason_stands_below_the_sentence(pets: VersionedPets) -> None:
    pets.add("cat/one.jpg", 90)

    commit_change(pets.workspace, import_pets(pets), reason="From the second camera.")

    assert message_of(pets).splitlines()[1:] == ["", "From the second camera."]

import hashlib
import subprocess
from pathlib import Path

import pytest

from pipelines.datasets.catalogue import read_pictures
from pipelines.datasets.changes import DatasetChange, PictureMove
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.relabelling import relabel_dataset
from pipelines.datasets.reviewing import Correction, read_log
from pipelines.errors import DatasetError
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture
from tests.pipelines.datasets.versioned import VersionedPets


def sha256_of(pets: VersionedPets, file: str) -> str:
    return hashlib.sha256((pets.raw / file).read_bytes()).hexdigest()


def relabel(pets: VersionedPets, decisions: dict[str, str], **options: bool | str) -> DatasetChange:
    """Decisions by file of the dataset, or by sha256."""
    rows = [f"{name if len(name) == 64 else sha256_of(pets, name)},{label}" for name, label in decisions.items()]
    file = pets.workspace / "review.csv"
    file.write_text("\n".join(["sha256,label", *rows]))
    return relabel_dataset(pets.workspace, "pets", file, **options)  # type: ignore[arg-type]


def files_of(pets: VersionedPets) -> list[str]:
    return sorted(path.relative_to(pets.raw).as_posix() for path in pets.raw.rglob("*.jpg"))


def test_a_picture_moves_to_its_new_class_and_another_goes(pets: VersionedPets) -> None:
    before, files = pets.md5, set(files_of(pets))
    moved, dropped = sha256_of(pets, "cat/cat0.jpg"), sha256_of(pets, "dog/dog3.jpg")

    change = relabel(pets, {"cat/cat0.jpg": "dog", "dog/dog3.jpg": "drop"}, reason="second look", commit=True)

    assert files.symmetric_difference(files_of(pets)) == {"cat/cat0.jpg", "dog/cat0.jpg", "dog/dog3.jpg"}
    assert (change.relabelled, change.removed, change.images) == (1, 1, 11)
    assert pets.md5 == change.md5 != before
    assert sha256_of(pets, "dog/cat0.jpg") == moved
    assert read_log(pets.raw) == (
        Correction(moved, "cat/cat0.jpg", "cat", "dog", "second look"),
        Correction(dropped, "dog/dog3.jpg", "dog", "", "second look"),
    )


def test_the_commit_says_what_changed_and_why(pets: VersionedPets) -> None:
    change = relabel(pets, {"cat/cat0.jpg": "dog"}, reason="It barks.", commit=True)

    said = subprocess.run(
        ["git", "-C", str(pets.workspace), "show", "--no-patch", "--format=%B", str(change.git_commit)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert said.split("\n\n")[0] == "Dataset pets: 1 picture relabelled, now 12 of 2 classes"
    assert "It barks." in said


def test_the_catalogue_keeps_its_order_and_what_it_knows(pets: VersionedPets) -> None:
    before = read_pictures(pets.raw)

    relabel(pets, {"cat/cat0.jpg": "dog", "cat/cat1.jpg": "drop"})

    after = read_pictures(pets.raw)
    assert [row.origin for row in after] == [row.origin for row in before if row.file != "cat/cat1.jpg"]
    assert {row.origin: row.file for row in after}["in/cat/cat0.jpg"] == "dog/cat0.jpg"


def test_a_taken_name_gets_a_number(pets: VersionedPets) -> None:
    pets.add("dog/CAT0.jpg", 90)
    pets.commit()

    relabel(pets, {"cat/cat0.jpg": "dog"})

    assert {"dog/CAT0.jpg", "dog/cat0-2.jpg"} <= set(files_of(pets))


def test_the_same_reviews_again_change_nothing(pets: VersionedPets, fake_dvc: FakeDvc) -> None:
    picture = sha256_of(pets, "cat/cat1.jpg")
    decisions = {sha256_of(pets, "cat/cat0.jpg"): "dog", picture: "drop"}
    relabel(pets, decisions)
    before = pets.md5
    fake_dvc.calls.clear()

    change = relabel(pets, decisions)

    assert (change.changed, change.duplicates, change.md5) == (False, 2, before)
    assert fake_dvc.calls == []


def test_a_trial_run_names_what_would_happen_and_changes_nothing(pets: VersionedPets) -> None:
    before, files = pets.md5, files_of(pets)

    change = relabel(pets, {"cat/cat0.jpg": "dog", "dog/dog0.jpg": "drop"}, dry_run=True, commit=True)

    assert change.pictures is not None
    assert change.pictures.relabelled == (PictureMove("dog/cat0.jpg", "cat", "dog"),)
    assert change.pictures.removed == ("dog/dog0.jpg",)
    assert (pets.md5, files_of(pets)) == (before, files)


def test_one_row_that_cannot_be_applied_refuses_all(pets: VersionedPets) -> None:
    before, files = pets.md5, files_of(pets)

    with pytest.raises(DatasetError, match=r"it has none of 1: 000000000000….*nothing was changed"):
        relabel(pets, {"cat/cat0.jpg": "dog", "0" * 64: "dog"})

    assert (pets.md5, files_of(pets)) == (before, files)


def test_a_label_that_no_class_has_must_be_wanted(pets: VersionedPets) -> None:
    decisions = {f"cat/cat{number}.jpg": "lynx" for number in range(3)}

    with pytest.raises(DatasetError, match=r"labels of cat, dog, received 'lynx'.*--allow-new-class"):
        relabel(pets, decisions)
    change = relabel(pets, decisions, allow_new_class=True)

    assert (change.classes, change.added_classes) == (3, ("lynx",))


@pytest.mark.parametrize("label", ["../dog", ".dog", "a/b", "a\\b"])
def test_a_label_that_cannot_be_a_folder_is_refused(pets: VersionedPets, label: str) -> None:
    with pytest.raises(DatasetError, match="labels that can be a folder's name"):
        relabel(pets, {"cat/cat0.jpg": label}, allow_new_class=True)


def test_a_new_class_that_differs_from_one_in_case_alone_is_refused(pets: VersionedPets) -> None:
    with pytest.raises(DatasetError, match="differ by more than case"):
        relabel(pets, {"cat/cat0.jpg": "Dog"}, allow_new_class=True)


def test_a_class_that_would_become_too_small_is_named(pets: VersionedPets) -> None:
    (pets.workspace / "params.yaml").write_text(
        "datasets: [pets]\nclassifiers:\n  pets:\n    prepare: {min_per_class: 6}\n"
    )

    with pytest.raises(DatasetError, match=r"at least 6 pictures.*cat \(5\)"):
        relabel(pets, {"cat/cat0.jpg": "dog"})


def test_a_class_may_be_merged_into_another_while_two_remain(pets: VersionedPets) -> None:
    kittens = {f"cat/cat{number}.jpg": "kitten" for number in range(3)}
    relabel(pets, kittens, allow_new_class=True)

    change = relabel(pets, {f"kitten/cat{number}.jpg": "cat" for number in range(3)})

    assert change.removed_classes == ("kitten",)
    assert not (pets.raw / "kitten").exists()
    with pytest.raises(DatasetError, match="at least two classes"):
        relabel(pets, {file: "dog" for file in files_of(pets) if file.startswith("cat/")})


def test_a_picture_that_lies_in_two_classes_keeps_the_right_place(pets: VersionedPets) -> None:
    (pets.raw / "dog" / "copy.jpg").write_bytes((pets.raw / "cat/cat0.jpg").read_bytes())
    import_dataset(pets.workspace, pets.source, "pets")  # records what was put there by hand

    change = relabel(pets, {"cat/cat0.jpg": "cat"})

    assert "dog/copy.jpg" not in files_of(pets)
    assert "cat/cat0.jpg" in files_of(pets)
    assert (change.relabelled, change.removed) == (0, 1)


def test_pictures_that_were_changed_by_hand_are_refused(pets: VersionedPets) -> None:
    (pets.raw / "dog" / "mine.jpg").write_bytes(encode_picture(90))

    with pytest.raises(DatasetError, match=r"1 new \(dog/mine\.jpg\)"):
        relabel(pets, {"cat/cat0.jpg": "dog"})


def test_a_dropped_picture_does_not_come_back_with_its_source(pets: VersionedPets) -> None:
    relabel(pets, {"cat/cat0.jpg": "drop"}, reason="blurred")

    again = import_dataset(pets.workspace, pets.source, "pets")
    replaced = import_dataset(pets.workspace, pets.source, "pets", replace=True)

    assert [(each.file, each.reason) for each in again.rejected] == [("cat/cat0.jpg", "A review dropped it. blurred")]
    assert (again.changed, again.images) == (False, 11)
    assert replaced.images == 12


def test_a_failure_while_it_is_recorded_leaves_the_old_version(pets: VersionedPets, fake_dvc: FakeDvc) -> None:
    before, files = pets.md5, files_of(pets)
    fake_dvc.failure = DatasetError("no")

    with pytest.raises(DatasetError, match="no"):
        relabel(pets, {"cat/cat0.jpg": "dog"})

    assert (pets.md5, files_of(pets)) == (before, files)
    assert read_log(pets.raw) == ()


def test_a_class_named_like_the_word_for_leaving_out_is_refused(pets: VersionedPets, tmp_path: Path) -> None:
    pets.move("cat", "drop")
    pets.commit()

    with pytest.raises(DatasetError, match="no class named 'drop'"):
        relabel(pets, {"dog/dog0.jpg": "drop"})

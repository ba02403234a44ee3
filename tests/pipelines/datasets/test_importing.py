import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.datasets.changes import ChangedPictures, PictureMove
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.samples import draw_sample
from pipelines.errors import DatasetError, WorkspaceError
from pipelines.params import load_params
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture, make_class_folders
from tests.realdata import find_real_pictures


def files_below(folder: Path) -> list[str]:
    """Without the catalogue."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(file for file in files if not file.endswith("pictures.csv"))


def test_pictures_are_copied_tracked_and_named_in_params(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=4)

    change = import_dataset(workspace, source, "pets")

    assert (change.images, change.classes, change.added, change.duplicates, change.rejected) == (7, 2, 7, 0, ())
    assert change.path == "data/raw/pets"
    assert change.md5.endswith(".dir")
    assert change.git_commit is None
    assert files_below(workspace / "data/raw/pets") == files_below(source)
    assert load_params(workspace).datasets == ("pets",)
    assert "pets" in load_params(workspace).classifiers
    assert "# comments stay" in (workspace / "params.yaml").read_text()


def test_the_same_folder_again_changes_nothing(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    first = import_dataset(workspace, source, "pets")

    again = import_dataset(workspace, source, "pets")

    assert (again.md5, again.images, again.added, again.duplicates) == (first.md5, 6, 0, 6)


def test_more_pictures_join_those_that_are_there(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")
    more = tmp_path / "more"
    (more / "cat").mkdir(parents=True)
    (more / "cat" / "cat0.jpg").write_bytes(encode_picture(77))

    change = import_dataset(workspace, more, "pets")

    assert (change.images, change.added) == (7, 1)
    assert files_below(workspace / "data/raw/pets/cat") == ["cat0-2.jpg", "cat0.jpg", "cat1.jpg", "cat2.jpg"]


def test_broken_pictures_are_listed_and_the_others_kept(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    (source / "cat" / "cut.jpg").write_bytes(encode_picture(50)[:-200])
    (source / "cat" / "words.png").write_text("no picture")
    (source / "dog" / "empty.jpg").touch()
    (source / "dog" / "nowhere.jpg").symlink_to(tmp_path / "missing.jpg")

    change = import_dataset(workspace, source, "pets")

    assert change.images == 6
    assert [each.file for each in change.rejected] == [
        "cat/cut.jpg", "cat/words.png", "dog/empty.jpg", "dog/nowhere.jpg",
    ]  # fmt: skip
    assert all("0x" not in each.reason for each in change.rejected)
    assert len(files_below(workspace / "data/raw/pets")) == 6


def test_equal_bytes_count_once_and_under_two_labels_only_the_first(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    shutil.copy(source / "cat" / "cat0.jpg", source / "cat" / "copy.jpg")
    shutil.copy(source / "cat" / "cat0.jpg", source / "dog" / "copy.jpg")

    change = import_dataset(workspace, source, "pets")

    assert (change.images, change.duplicates) == (6, 1)
    assert [(each.file, each.reason) for each in change.rejected] == [
        ("dog/copy.jpg", "The dataset has the same picture as cat.")
    ]


def test_names_stay_readable_and_become_safe(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=2, dog=3)
    (source / "cat" / "sub").mkdir()
    for number, name in enumerate(("niño $(rm) *?.jpg", "sub/cat0.jpg", "-x;y.jpg", "CAT0.jpg")):
        (source / "cat" / name).write_bytes(encode_picture(200 + number))

    import_dataset(workspace, source, "pets")

    assert files_below(workspace / "data/raw/pets/cat") == [
        "-x_y.jpg", "CAT0.jpg", "cat0-2.jpg", "cat1.jpg", "niño _(rm) _.jpg", "sub_cat0.jpg",
    ]  # fmt: skip


def test_a_drawn_dataset_is_replaced_by_real_pictures(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    draw_sample(workspace, "cars")

    change = import_dataset(workspace, make_class_folders(tmp_path / "in", saloon=3, estate=3), "cars")

    assert change.images == 6
    assert len(files_below(workspace / "data/raw/cars")) == 6


@pytest.mark.parametrize(
    ("counts", "words"),
    [({"cat": 3, "dog": 2}, r"fewer in dog \(2\)"), ({"cat": 3}, "at least two classes")],
)
def test_a_dataset_that_cannot_be_trained_is_refused_and_the_old_one_stays(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc, counts: dict[str, int], words: str
) -> None:
    with pytest.raises(DatasetError, match=words):
        import_dataset(workspace, make_class_folders(tmp_path / "in", **counts), "pets")

    assert not (workspace / "data/raw/pets").exists()
    assert fake_dvc.calls == []


def test_a_class_whose_pictures_are_all_broken_is_named(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    (source / "bird").mkdir()
    (source / "bird" / "a.jpg").write_text("words")

    with pytest.raises(DatasetError, match=r"bird \(0\)"):
        import_dataset(workspace, source, "pets")


def test_when_every_picture_is_broken_the_first_reason_is_told(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    (tmp_path / "in" / "cat").mkdir(parents=True)
    (tmp_path / "in" / "cat" / "a.jpg").write_text("words")

    with pytest.raises(DatasetError, match=r"none of the 1 files can be used; cat/a\.jpg: Expected a JPEG"):
        import_dataset(workspace, tmp_path / "in", "pets")


def test_a_failing_dvc_leaves_the_old_version_in_force(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")
    pointer = (workspace / "data/raw/pets.dvc").read_text()
    before = files_below(workspace / "data/raw")
    more = make_class_folders(tmp_path / "more", horse=5)
    (more / "horse" / "horse0.jpg").write_bytes(encode_picture(99))
    for number in range(5):
        (more / "horse" / f"horse{number}.jpg").write_bytes(encode_picture(300 + number))
    fake_dvc.failure = DatasetError("dvc add failed")

    with pytest.raises(DatasetError, match="dvc add failed"):
        import_dataset(workspace, more, "pets")

    assert files_below(workspace / "data/raw") == before
    assert (workspace / "data/raw/pets.dvc").read_text() == pointer


def test_commit_records_only_the_dataset(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    (workspace / "notes.txt").write_text("the user's own")
    subprocess.run(["git", "-C", str(workspace), "add", "notes.txt"], check=True)

    change = import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets", commit=True)

    shown = ["git", "-C", str(workspace), "show", "--name-only", "--format=%H"]
    commit, _, *files = subprocess.run(shown, check=True, capture_output=True, text=True).stdout.splitlines()
    assert change.git_commit == commit
    assert files == ["data/raw/.gitignore", "data/raw/pets.dvc", "params.yaml"]


def test_recorded_pictures_that_are_not_here_are_not_forgotten(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    import_dataset(workspace, source, "pets")
    shutil.rmtree(workspace / "data/raw/pets")
    shutil.rmtree(workspace / ".dvc/cache")

    with pytest.raises(DatasetError, match="vigia data pull pets"):
        import_dataset(workspace, source, "pets")


@pytest.mark.parametrize("name", ["", "Pets", "../pets", "my pets", "1pets", "p" * 41])
def test_a_name_that_is_not_allowed_is_refused(workspace: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="Expected a classifier name"):
        import_dataset(workspace, tmp_path, name)


def test_a_workspace_without_git_or_dvc_says_how_to_begin(workspace: Path, tmp_path: Path) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    shutil.rmtree(workspace / ".dvc")
    with pytest.raises(WorkspaceError, match="dvc init"):
        import_dataset(workspace, source, "pets")

    shutil.rmtree(workspace / ".git")
    with pytest.raises(WorkspaceError, match="git init"):
        import_dataset(workspace, source, "pets")


def test_the_dataset_itself_is_no_source(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")

    with pytest.raises(DatasetError, match="outside"):
        import_dataset(workspace, workspace / "data/raw/pets", "pets")


def test_an_unknown_layout_is_refused_with_the_known_ones(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"auto, .*class_folders"):
        import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets", "attic")


def test_a_second_import_of_the_same_folder_asks_nothing_of_dvc(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    import_dataset(workspace, source, "pets")
    calls = len(fake_dvc.calls)

    again = import_dataset(workspace, source, "pets")

    assert (again.changed, len(fake_dvc.calls)) == (False, calls)


def test_what_was_changed_by_hand_is_recorded(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    first = import_dataset(workspace, source, "pets")
    (workspace / "data/raw/pets/cat/mine.jpg").write_bytes(encode_picture(90))

    again = import_dataset(workspace, source, "pets")

    assert (again.changed, again.added, again.images) == (True, 0, 7)
    assert again.md5 != first.md5


def test_a_class_that_a_review_emptied_does_not_stop_the_same_folder(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3, pup=3)
    import_dataset(workspace, source, "pets")
    reviewed = make_class_folders(tmp_path / "reviewed", cat=3, dog=3, pup=3)
    for file in (reviewed / "pup").iterdir():
        file.rename(reviewed / "dog" / file.name)
    (reviewed / "pup").rmdir()
    import_dataset(workspace, reviewed, "pets", replace=True)

    again = import_dataset(workspace, source, "pets")

    assert (again.changed, again.images, len(again.rejected)) == (False, 9, 3)


def test_a_trial_run_names_everything_and_changes_nothing(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=4, dog=4)
    import_dataset(workspace, source, "pets")
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file() and ".git/" not in str(path)}
    (source / "dog" / "dog0.jpg").rename(source / "cat" / "dog0.jpg")
    (source / "dog" / "dog1.jpg").unlink()
    (source / "dog" / "new.jpg").write_bytes(encode_picture(92))

    change = import_dataset(workspace, source, "pets", replace=True, dry_run=True)

    assert change.pictures == ChangedPictures(
        ("dog/new.jpg",), ("dog/dog1.jpg",), (PictureMove("cat/dog0.jpg", "dog", "cat"),)
    )
    after = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file() and ".git/" not in str(path)}
    assert after == before


def test_replacing_makes_the_dataset_exactly_the_source(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3, fox=3), "pets")
    source = make_class_folders(tmp_path / "new", cat=4, dog=3)
    told: list[str] = []

    change = import_dataset(workspace, source, "pets", replace=True, tell=told.append)

    assert (change.added, change.removed, change.removed_classes) == (1, 3, ("fox",))
    assert "removes class fox (3 pictures)" in told
    assert files_below(workspace / "data/raw/pets") == files_below(source)


def test_small_classes_are_left_out_on_demand_and_listed(workspace: Path, tmp_path: Path, fake_dvc: FakeDvc) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3, fox=1)

    change = import_dataset(workspace, source, "pets", min_pictures=3)

    assert (change.images, change.classes) == (6, 2)
    assert [each.file for each in change.rejected] == ["fox/fox0.jpg"]
    assert "fox/fox0.jpg,Its class has 1 of 3 pictures." in (workspace / str(change.rejected_file)).read_text()


@pytest.mark.realdata
def test_real_photographs_become_a_dataset(workspace: Path, fake_dvc: FakeDvc) -> None:
    source = find_real_pictures("data/cats_dogs/train")

    change = import_dataset(workspace, source, "cats_dogs")

    assert change.classes == 2
    assert change.images == len(list(source.rglob("*.jpg"))) - change.duplicates - len(change.rejected)

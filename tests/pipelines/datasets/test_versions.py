import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.datasets.importing import import_dataset
from pipelines.datasets.versions import commit_dataset_version, read_dataset_version
from pipelines.errors import DatasetError, WorkspaceError
from tests.pipelines.datasets.pictures import FakeDvc, encode_picture, make_class_folders


def test_a_version_is_dirty_until_it_is_committed_and_after_it_changes(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    import_dataset(workspace, source, "pets")
    fresh = read_dataset_version(workspace, "pets")
    committed = commit_dataset_version(workspace, "pets", "pets")
    (source / "cat" / "new.jpg").write_bytes(encode_picture(80))
    import_dataset(workspace, source, "pets")
    changed = read_dataset_version(workspace, "pets")

    assert (fresh.git_commit, fresh.dirty, fresh.files) == (None, True, 7)
    assert (committed.dirty, committed.md5) == (False, fresh.md5)
    assert (changed.git_commit, changed.dirty, changed.files) == (committed.git_commit, True, 8)


def test_a_classifier_without_a_dataset_says_how_to_import_one(workspace: Path) -> None:
    with pytest.raises(DatasetError, match="vigia data import FOLDER --classifier pets"):
        read_dataset_version(workspace, "pets")


def test_a_damaged_record_is_refused(workspace: Path) -> None:
    (workspace / "data" / "raw").mkdir(parents=True)
    (workspace / "data/raw/pets.dvc").write_text("outs: []\n")

    with pytest.raises(DatasetError, match="Restore it with git"):
        read_dataset_version(workspace, "pets")


def test_a_refused_commit_says_that_the_pictures_are_imported(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc
) -> None:
    hook = workspace / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(WorkspaceError, match=r"pictures are imported.*not today"):
        import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets", commit=True)

    assert read_dataset_version(workspace, "pets").files == 7


@pytest.mark.integration
def test_dvc_itself_tracks_and_brings_back_an_imported_dataset(workspace: Path, tmp_path: Path) -> None:
    (workspace / ".dvc").rmdir()
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=workspace, check=True)
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    change = import_dataset(workspace, source, "pets", commit=True)
    subprocess.run(["rm", "-r", "data/raw/pets"], cwd=workspace, check=True)

    again = import_dataset(workspace, source, "pets")

    assert (again.md5, again.added, again.duplicates) == (change.md5, 0, 6)
    assert again.git_commit == change.git_commit
    assert (workspace / "data/raw/.gitignore").read_text().split() == ["/pets"]


@pytest.mark.integration
def test_a_cache_that_dvc_cannot_use_leaves_no_half_dataset(workspace: Path, tmp_path: Path) -> None:
    (workspace / ".dvc").rmdir()
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=workspace, check=True)
    (workspace / ".dvc" / "cache").write_text("damaged")

    with pytest.raises(DatasetError, match=r"If \.dvc/cache is damaged"):
        import_dataset(workspace, make_class_folders(tmp_path / "in", cat=3, dog=3), "pets")

    assert not (workspace / "data/raw/pets").exists()
    assert not (workspace / "data/raw/pets.dvc").exists()

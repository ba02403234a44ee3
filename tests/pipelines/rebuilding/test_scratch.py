import os
import shutil
import signal
from pathlib import Path

import pytest

from pipelines.errors import WorkspaceError
from pipelines.lineage import read_code_version
from pipelines.rebuilding.scratch import apply_patch, open_scratch
from pipelines.settings import Settings
from tests.pipelines.test_lineage import git
from tests.pipelines.test_lineage import workspace as workspace


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file, git's own included, with its time of change."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_the_commit_with_its_patch_lies_in_the_scratch_workspace_and_nothing_is_touched(workspace: Path) -> None:
    (workspace / "params.yaml").write_text("datasets: [cars]\n")
    code = read_code_version(workspace)
    git(workspace, "checkout", "--quiet", "params.yaml")
    (workspace / "pipelines" / "training.py").write_text("EPOCHS = 99\n")
    git(workspace, "commit", "--quiet", "-am", "later")
    before = snapshot(workspace)

    with open_scratch(workspace, code.commit) as scratch:
        apply_patch(scratch, code.patch)
        folder = scratch.folder

        assert (scratch.workspace / "params.yaml").read_text() == "datasets: [cars]\n"
        assert (scratch.workspace / "pipelines" / "training.py").read_text() == "EPOCHS = 1\n"
        assert (scratch.workspace / ".venv").exists()

    assert not folder.exists()
    assert snapshot(workspace) == before


def test_a_commit_that_no_branch_holds_any_more_still_works_while_git_has_it(workspace: Path) -> None:
    lost = read_code_version(workspace).commit
    git(workspace, "commit", "--quiet", "--amend", "-m", "amended")

    with open_scratch(workspace, lost) as scratch:
        assert read_code_version(scratch.workspace).commit == lost


def test_a_workspace_below_the_root_of_its_repository_is_found_again(workspace: Path) -> None:
    below = workspace / "vigia"
    below.mkdir()
    (below / "params.yaml").write_text("1\n")
    git(workspace, "add", ".")
    git(workspace, "commit", "--quiet", "-m", "below")
    (below / "params.yaml").write_text("2\n")
    code = read_code_version(below)

    with open_scratch(below, code.commit) as scratch:
        apply_patch(scratch, code.patch)

        assert (scratch.workspace / "params.yaml").read_text() == "2\n"


def test_a_commit_that_is_gone_says_how_to_get_it(workspace: Path) -> None:
    with pytest.raises(WorkspaceError, match="git fetch"), open_scratch(workspace, "c" * 40):
        pass


def test_it_is_removed_on_ctrl_c_and_on_sigterm_and_kept_when_asked(workspace: Path) -> None:
    commit = read_code_version(workspace).commit
    with pytest.raises(KeyboardInterrupt), open_scratch(workspace, commit) as interrupted:
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), open_scratch(workspace, commit) as ended:
        os.kill(os.getpid(), signal.SIGTERM)
    with open_scratch(workspace, commit, keep=True) as kept:
        pass
    left = (kept.workspace / "params.yaml").exists()
    shutil.rmtree(kept.folder)

    assert not interrupted.folder.exists()
    assert not ended.folder.exists()
    assert left


def test_the_stages_reach_neither_the_users_services_nor_his_cache(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example.org")
    monkeypatch.setenv("MLFLOW_RUN_ID", "r1")
    (workspace / ".dvc").mkdir()
    (workspace / ".dvc" / "config.local").write_text(
        "[cache]\n    dir = /big/disk\n['remote \"vigia\"']\n    url = /r\n"
    )

    with open_scratch(workspace, read_code_version(workspace).commit) as scratch:
        environment = scratch.environment(Settings(weights_dir=Path("weights")))
        config = (scratch.workspace / ".dvc" / "config.local").read_text()

    assert not {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"} & environment.keys()
    assert environment["VIGIA_HOME"] == str(scratch.home)
    assert environment["VIGIA_WEIGHTS_DIR"] == str(Path("weights").absolute())
    assert "/big/disk" not in config
    assert "url = /r" in config

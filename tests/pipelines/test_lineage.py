import os
import subprocess
from pathlib import Path

import pytest

from pipelines.artefact import ServingCard
from pipelines.errors import WorkspaceError
from pipelines.guard_params import GuardParams
from pipelines.lineage import CodeVersion, build_version_tags, read_code_version, read_environment
from pipelines.stage_params import ClassifierParams

CARD = ServingCard("cars", ("a", "b"), 64, "squash", "0" * 32 + ".dir")


def tags(card: ServingCard = CARD, params: ClassifierParams | None = None) -> dict[str, str]:
    return build_version_tags(
        artefact_sha256="f" * 64,
        card=card,
        dataset_path="data/raw/cars",
        code=CodeVersion("c" * 40, b"diff --git a/params.yaml b/params.yaml"),
        params=params or ClassifierParams(),
    )


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A commit with code, params and cameras."""
    workspace = tmp_path / "workspace"
    (workspace / "pipelines").mkdir(parents=True)
    (workspace / "pipelines" / "training.py").write_text("EPOCHS = 1\n")
    (workspace / "pipelines" / "gone.py").write_text("")
    (workspace / "params.yaml").write_text("datasets: []\n")
    (workspace / "cameras.yaml").write_text("cameras: []\n")
    (workspace / "logo.png").write_bytes(b"\0\1\2")
    git(workspace, "init")
    git(workspace, "add", ".")
    git(workspace, "commit", "-m", "first")
    return workspace


def test_a_version_carries_every_tag_of_the_contract() -> None:
    assert set(tags()) == {
        "vigia.sha256",
        "vigia.dataset.md5",
        "vigia.dataset.path",
        "vigia.git.commit",
        "vigia.git.dirty",
        "vigia.git.patch_sha256",
        "vigia.precision",
        "vigia.params.sha256",
        "vigia.class_names.sha256",
        "vigia.preprocessing.sha256",
    }
    assert tags()["vigia.git.dirty"] == "true"


def test_another_parameter_or_class_name_is_another_hash() -> None:
    other = ClassifierParams.model_validate({"train": {"epochs": 3}})
    renamed = ServingCard("cars", ("a", "c"), 64, "squash", CARD.dataset_md5)

    assert tags(params=other)["vigia.params.sha256"] != tags()["vigia.params.sha256"]
    assert tags(renamed)["vigia.class_names.sha256"] != tags()["vigia.class_names.sha256"]
    assert tags(renamed)["vigia.preprocessing.sha256"] == tags()["vigia.preprocessing.sha256"]


def test_what_a_worker_follows_is_no_part_of_a_model() -> None:
    other = ClassifierParams(guard=GuardParams(mode="off"))

    assert tags(params=other)["vigia.params.sha256"] == tags()["vigia.params.sha256"]


def test_a_workspace_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init")

    with pytest.raises(WorkspaceError, match="git repository with a commit"):
        read_code_version(tmp_path)


def test_the_patch_on_the_commit_is_the_code_that_ran(workspace: Path, tmp_path: Path) -> None:
    (workspace / "params.yaml").write_text("datasets: [cars]\n")
    (workspace / "logo.png").write_bytes(b"\0\xff\xfe")
    (workspace / "pipelines" / "gone.py").unlink()
    (workspace / "pipelines" / "ñ new.py").write_bytes(b"CITY = 'M\xe1laga'\n")  # no UTF-8
    (workspace / "data" / "raw").mkdir(parents=True)
    (workspace / "data" / "raw" / "cars.dvc").write_text("outs: []\n")

    code = read_code_version(workspace)

    git(tmp_path, "clone", "--quiet", str(workspace), "other")
    (tmp_path / "patch").write_bytes(code.patch)
    git(tmp_path / "other", "apply", str(tmp_path / "patch"))
    assert code.dirty
    assert _tree(tmp_path / "other") == _tree(workspace)


def test_a_change_in_the_second_of_the_commit_is_seen_though_it_keeps_the_size(workspace: Path) -> None:
    """Git looks into a file whose time is that of its index; what takes the index elsewhere must keep that time."""
    params, index = workspace / "params.yaml", workspace / ".git" / "index"
    moment = (1_000_000_000, 1_000_000_000)  # of seconds ago: the copy is made in another one
    os.utime(params, moment)
    git(workspace, "add", "--refresh", "params.yaml")
    params.write_text("datasets: ()\n")
    for file in (params, index):
        os.utime(file, moment)

    assert b"+datasets: ()" in read_code_version(workspace).patch


def test_what_a_training_does_not_read_stays_out_of_the_patch(workspace: Path) -> None:
    clean = read_code_version(workspace)
    (workspace / "cameras.yaml").write_text("cameras: [rtsp://user:secret@gate]\n")
    (workspace / "dvc.lock").write_text("stages: {}\n")
    (workspace / "diary.txt").write_text("mine\n")

    assert read_code_version(workspace) == clean
    assert not clean.dirty
    assert clean.patch_sha256 is None


def test_what_the_user_has_staged_stays_staged(workspace: Path) -> None:
    (workspace / "params.yaml").write_text("datasets: [cars]\n")
    git(workspace, "add", "params.yaml")
    (workspace / "pipelines" / "new.py").write_text("")
    before = git(workspace, "status", "--porcelain")

    read_code_version(workspace)

    assert git(workspace, "status", "--porcelain") == before


def test_the_environment_names_lock_processor_and_libraries(tmp_path: Path) -> None:
    bare = read_environment(tmp_path)
    (tmp_path / "requirements.lock").write_text("keras==3.15.0\n")

    with_lock = read_environment(tmp_path).tags()

    assert bare.lock_sha256 is None
    assert "vigia.lock.sha256" not in bare.tags()
    assert len(with_lock["vigia.lock.sha256"]) == 64
    assert "cores" in with_lock["vigia.processor"]
    assert '"keras"' in with_lock["vigia.libraries"]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }

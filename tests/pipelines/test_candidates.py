from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import ServingCard
from pipelines.candidates import Candidate, check_traceable, register_candidate
from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import DatasetError, RegistryError
from pipelines.evaluation.metrics import Report
from pipelines.lineage import read_code_version
from pipelines.stage_params import ClassifierParams
from tests.pipelines.test_lineage import git

MD5 = f"{'1' * 32}.dir"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with one commit, before there are pictures."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "params.yaml").write_text("datasets: []\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "start")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    return tmp_path


def candidate(workspace: Path, md5: str = MD5) -> Candidate:
    return Candidate(
        classifier="cars",
        folder=workspace / "models" / "cars",
        params=ClassifierParams(),
        card=ServingCard("cars", ("a", "b"), 64, "squash", md5),
        report=Report(0.9, 0.9, 0.3, 0.02, 0.5, 100),
        parity={},
        artefact_sha256="f" * 64,
        model_sha256="e" * 64,
        code=read_code_version(workspace),
    )


def record(workspace: Path, md5: str = MD5) -> None:
    (workspace / "data" / "raw" / "cars.dvc").write_text(f"outs:\n- md5: {md5}\n  nfiles: 3\n  path: cars\n")


def check(workspace: Path, model: Candidate) -> None:
    check_traceable(workspace, model, read_dataset_version(workspace, "cars"))


def test_pictures_in_a_commit_or_in_the_patch_can_be_traced(workspace: Path) -> None:
    record(workspace)
    check(workspace, candidate(workspace))  # not committed: the record is part of the patch

    git(workspace, "add", ".")
    git(workspace, "commit", "-m", "pictures")
    check(workspace, candidate(workspace))


def test_pictures_that_changed_after_the_training_are_refused(workspace: Path) -> None:
    record(workspace, f"{'2' * 32}.dir")

    with pytest.raises(RegistryError, match="changed after the training"):
        check(workspace, candidate(workspace))


def test_a_record_that_git_is_told_to_ignore_is_refused_with_the_mend(workspace: Path) -> None:
    (workspace / ".gitignore").write_text("*.dvc\n")
    record(workspace)

    with pytest.raises(RegistryError, match="git add --force"):
        check(workspace, candidate(workspace))


def test_a_dataset_that_dvc_never_recorded_is_refused(workspace: Path) -> None:
    registry: Any = None  # not reached

    with pytest.raises(DatasetError, match="data import"):
        register_candidate(registry, workspace, candidate(workspace), "run", "model")


def test_a_model_whose_run_is_gone_is_refused(workspace: Path) -> None:
    class Registry:
        def has_run(self, run_id: str) -> bool:
            return False

    registry: Any = Registry()
    record(workspace)

    with pytest.raises(RegistryError, match="training run gone"):
        register_candidate(registry, workspace, candidate(workspace), "gone", "model")

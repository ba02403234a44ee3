import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.audit.freshness import fingerprint_stage


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name, content in {
        "params.yaml": "datasets: [pets]",
        "dvc.lock": "one",
        "pipelines/images.py": "code",
        "pipelines/images.pyc": "compiled",
        "data/raw/pets/cat/a.jpg": "a",
        "data/raw/other/x.jpg": "x",
        "data/prepared/pets/manifest.parquet": "rows",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def add_picture(workspace: Path) -> None:
    (workspace / "data/raw/pets/cat/b.jpg").write_text("b")


def rewrite_picture(workspace: Path) -> None:
    file = workspace / "data/raw/pets/cat/a.jpg"
    file.write_text("c")
    os.utime(file, ns=(1, 1))


def rename_picture(workspace: Path) -> None:
    (workspace / "data/raw/pets/cat/a.jpg").rename(workspace / "data/raw/pets/cat/z.jpg")


def remove_output(workspace: Path) -> None:
    (workspace / "data/prepared/pets/manifest.parquet").unlink()


def change_params(workspace: Path) -> None:
    (workspace / "params.yaml").write_text("datasets: [pet]")


def change_code(workspace: Path) -> None:
    (workspace / "pipelines/images.py").write_text("other code")


@pytest.mark.parametrize(
    "change", [add_picture, rewrite_picture, rename_picture, remove_output, change_params, change_code]
)
def test_whatever_the_stage_depends_on_changes_the_fingerprint(workspace: Path, change: Callable[[Path], None]) -> None:
    before = fingerprint_stage(workspace, "pets")

    change(workspace)

    assert fingerprint_stage(workspace, "pets") != before


def test_other_datasets_and_compiled_code_do_not_change_it(workspace: Path) -> None:
    before = fingerprint_stage(workspace, "pets")

    (workspace / "data/raw/other/x.jpg").write_text("changed")
    (workspace / "pipelines/images.pyc").write_text("compiled anew")

    assert fingerprint_stage(workspace, "pets") == before


def test_a_workspace_with_nothing_in_it_has_one_too(tmp_path: Path) -> None:
    assert fingerprint_stage(tmp_path, "pets") == fingerprint_stage(tmp_path, "pets")

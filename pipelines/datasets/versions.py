"""Dataset versions: the DVC hash of data/raw/<classifier> and the git commit that recorded it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.datasets.dvc import run_dvc
from pipelines.datasets.git import git_succeeds, run_git
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.staging import clear_disk_errors
from pipelines.errors import DatasetError, WorkspaceError
from pipelines.params import PARAMS_FILE, add_dataset


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """What data/raw/<classifier>.dvc says, and where git knows it."""

    classifier: str
    path: str
    """`data/raw/<classifier>`, below the workspace."""
    md5: str
    """DVC's hash of the folder, with its `.dir`."""
    files: int
    git_commit: str | None
    """The commit that last changed the .dvc file; None before the first one."""
    dirty: bool
    """The .dvc file differs from that commit."""


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """What an import, or a drawing, made of a classifier's dataset."""

    classifier: str
    path: str
    """Below the workspace."""
    md5: str
    images: int
    """Pictures in the dataset now."""
    classes: int
    added: int
    duplicates: int
    """Pictures of the source that the dataset, or the source itself, already had."""
    rejected: tuple[Rejected, ...]
    git_commit: str | None
    """None while the version is not committed."""


def dataset_path(classifier: str) -> str:
    """Where a classifier's pictures lie, below the workspace."""
    return f"data/raw/{classifier}"


def pointer_path(classifier: str) -> str:
    """DVC's record of these pictures, below the workspace: the file that git keeps."""
    return f"{dataset_path(classifier)}.dvc"


def read_dataset_version(workspace: Path, classifier: str) -> DatasetVersion:
    """The version in force, from the .dvc file alone. Raises DatasetError when there is none."""
    pointer = pointer_path(classifier)
    out = _read_pointer(workspace / pointer, classifier)
    commit = run_git(workspace, "log", "-1", "--format=%H", "--", pointer) if _has_commits(workspace) else ""
    dirty = bool(run_git(workspace, "status", "--porcelain", "--", pointer))
    return DatasetVersion(
        classifier,
        dataset_path(classifier),
        str(out["md5"]),
        int(out.get("nfiles", 0)),
        commit or None,
        dirty or not commit,
    )


def record_dataset_version(workspace: Path, classifier: str) -> DatasetVersion:
    """`dvc add` data/raw/<classifier> and name it in params.yaml; a failure leaves both files as they were."""
    with _unchanged_on_failure(workspace / pointer_path(classifier)), _unchanged_on_failure(workspace / PARAMS_FILE):
        run_dvc(workspace, "add", dataset_path(classifier))
        add_dataset(workspace, classifier)
        return read_dataset_version(workspace, classifier)


def commit_dataset_version(workspace: Path, classifier: str, message: str) -> DatasetVersion:
    """Commit the version in force: the .dvc file, data/raw/.gitignore and params.yaml, and nothing else.

    Raises WorkspaceError with git's words, for instance when git does not know the user's name.
    """
    candidates = (pointer_path(classifier), "data/raw/.gitignore", PARAMS_FILE)
    files = [file for file in candidates if (workspace / file).exists()]
    try:
        run_git(workspace, "add", "--", *files)
        if not _has_commits(workspace) or not git_succeeds(workspace, "diff", "--quiet", "HEAD", "--", *files):
            run_git(workspace, "commit", "--quiet", "-m", message, "--", *files)
    except WorkspaceError as error:
        raise WorkspaceError(f"The pictures are imported, the version is not committed. {error}") from error
    return read_dataset_version(workspace, classifier)


def check_out_dataset(workspace: Path, classifier: str) -> None:
    """Bring the recorded pictures back where the folder is missing, so that nothing is built on an empty one."""
    folder = workspace / dataset_path(classifier)
    pointer = pointer_path(classifier)
    if folder.exists() or not (workspace / pointer).exists():
        return
    try:
        run_dvc(workspace, "checkout", pointer)
    except DatasetError as error:
        raise DatasetError(
            f"Expected the pictures that {pointer} records, the DVC cache does not hold them. "
            f"Run `dvc pull`, or remove {pointer} to begin a new dataset."
        ) from error


def _read_pointer(file: Path, classifier: str) -> dict[str, Any]:
    try:
        out: dict[str, Any] = YAML(typ="safe").load(file.read_text(encoding="utf-8"))["outs"][0]
        out["md5"]
    except FileNotFoundError:
        raise DatasetError(
            f"Expected a dataset of {classifier} ({file}), found none. "
            f"Run `vigia data import FOLDER --classifier {classifier}`."
        ) from None
    except (YAMLError, KeyError, TypeError, IndexError) as error:
        raise DatasetError(
            f"Expected outs with an md5 in {file}, found another content. Restore it with git."
        ) from error
    return out


@contextmanager
def _unchanged_on_failure(file: Path) -> Iterator[None]:
    """Put `file` back as it was when the block fails; from a copy made before, for a full disk takes none later."""
    copy = file.with_name(f"{file.name}.before.partial")
    with clear_disk_errors(file.parent):
        copy.unlink(missing_ok=True)
        if file.exists():
            shutil.copy2(file, copy)
        try:
            yield
        except BaseException:
            if copy.exists():
                os.replace(copy, file)
            else:
                file.unlink(missing_ok=True)
            raise
        copy.unlink(missing_ok=True)


def _has_commits(workspace: Path) -> bool:
    return git_succeeds(workspace, "rev-parse", "--verify", "--quiet", "HEAD")

"""Dataset versions: the DVC hash of data/raw/<classifier> and the git commit that recorded it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.datasets.dvc import run_dvc
from pipelines.datasets.git import git_succeeds, run_git
from pipelines.datasets.staging import unchanged_on_failure
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


def read_recorded_md5(workspace: Path, classifier: str, commit: str = "HEAD") -> str | None:
    """The version's hash as a commit has it; None when that commit has no such dataset."""
    named = f"{commit}:./{pointer_path(classifier)}"  # ./: the workspace may lie below the repository's root
    if not git_succeeds(workspace, "cat-file", "-e", named):
        return None
    return str(_parse_pointer(run_git(workspace, "show", named), named)["md5"])


def record_dataset_version(workspace: Path, classifier: str) -> DatasetVersion:
    """`dvc add` data/raw/<classifier> and name it in params.yaml; a failure leaves both files as they were."""
    with unchanged_on_failure(workspace / pointer_path(classifier)), unchanged_on_failure(workspace / PARAMS_FILE):
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


def _read_pointer(file: Path, classifier: str) -> dict[str, Any]:
    try:
        return _parse_pointer(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        raise DatasetError(
            f"Expected a dataset of {classifier} ({file}), found none. "
            f"Run `vigia data import FOLDER --classifier {classifier}`."
        ) from None


def _parse_pointer(text: str, name: str) -> dict[str, Any]:
    try:
        out: dict[str, Any] = YAML(typ="safe").load(text)["outs"][0]
        out["md5"]
    except (YAMLError, KeyError, TypeError, IndexError) as error:
        raise DatasetError(
            f"Expected outs with an md5 in {name}, found another content. Restore it with git."
        ) from error
    return out


def _has_commits(workspace: Path) -> bool:
    return git_succeeds(workspace, "rev-parse", "--verify", "--quiet", "HEAD")

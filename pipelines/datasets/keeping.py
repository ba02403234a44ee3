"""A whole dataset version to the remote and back; nothing damaged travels either way."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.checkout import check_out_dataset, is_kept
from pipelines.datasets.dvc import check_dvc, run_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.installing import recover_dataset
from pipelines.datasets.objects import (
    VersionFile,
    check_objects,
    find_damaged,
    find_missing,
    name_files,
    read_listing,
    set_aside,
)
from pipelines.datasets.present import read_present
from pipelines.datasets.remotes import Remote, Tell, connect_remote, find_remote, probe_objects
from pipelines.datasets.staging import dataset_lock
from pipelines.datasets.versions import DatasetVersion, pointer_path, read_dataset_version
from pipelines.errors import DatasetError
from pipelines.settings import Settings

REMOTE_MEND = "Check that the remote can be reached and that you may use it, then run again."
PROBED = 8
"""Objects that are looked at on the remote, one by one, to say why a fetch failed."""


@dataclass(frozen=True, slots=True)
class RemoteCopy:
    """A version that the workspace and the remote both hold."""

    classifier: str
    path: str
    md5: str
    files: int
    remote: str
    """Its folder or address."""
    transferred: bool
    """False when all of it was there."""


def push_dataset(workspace: Path, classifier: str, settings: Settings, tell: Tell) -> RemoteCopy:
    """Copy the version in force to the remote. Raises DatasetError where the cache does not hold it whole."""
    check_dvc(workspace)
    version = read_dataset_version(workspace, classifier)
    check_objects(workspace, classifier, version.md5)
    if not is_kept(workspace, version.md5):
        raise DatasetError(
            f"Expected the pictures of {classifier} in the DVC cache, it lacks some. "
            f"Run `dvc add {version.path}` where they are whole, or `vigia data pull {classifier}`."
        )
    remote = connect_remote(workspace, settings)
    tell(f"pushing {version.files:,} files to {remote.url}")
    run_dvc(workspace, "push", "--remote", remote.name, pointer_path(classifier), mend=REMOTE_MEND)
    return _describe(version, remote, transferred=True)


def pull_dataset(workspace: Path, classifier: str, settings: Settings, tell: Tell) -> RemoteCopy:
    """Bring the version in force into data/raw/<classifier>, from the cache where that holds it, else from the remote.

    Damaged objects of the cache are replaced. Raises DatasetError when the folder holds changes that are recorded
    nowhere, and when the remote lacks pictures or holds damaged ones, naming them.
    """
    check_repository(workspace)
    check_dvc(workspace)
    with dataset_lock(workspace):
        recover_dataset(workspace, classifier)
        version = read_dataset_version(workspace, classifier)
        _drop_damaged(workspace, version, tell)
        remote = find_remote(workspace, settings)
        fetched = not is_kept(workspace, version.md5)
        if fetched:
            remote = connect_remote(workspace, settings)
            tell(f"fetching {version.files:,} files from {remote.url}")
            _fetch(workspace, version, remote)
        replaced = _check_out(workspace, version)
    return _describe(version, remote, transferred=fetched or replaced)


def _drop_damaged(workspace: Path, version: DatasetVersion, tell: Tell) -> None:
    itself = VersionFile("the list of its files", version.md5)
    damaged = find_damaged(workspace, [itself])
    if not damaged:
        damaged = find_damaged(workspace, read_listing(workspace, version.md5) or ())
    if damaged:
        kept = set_aside(workspace, (each.md5 for each in damaged))
        tell(f"damaged in the DVC cache: {name_files(each.file for each in damaged)}; now in {kept}")


def _fetch(workspace: Path, version: DatasetVersion, remote: Remote) -> None:
    failure: DatasetError | None = None
    try:
        run_dvc(workspace, "fetch", "--remote", remote.name, pointer_path(version.classifier), mend=REMOTE_MEND)
    except DatasetError as error:
        failure = error
    if is_kept(workspace, version.md5):  # else DVC may even so have said that all is well
        return
    lacking = _explain_lacking(workspace, version, remote)
    if failure and lacking is None:
        raise failure
    raise DatasetError(
        f"Expected {version.path} version {version.md5} in {remote.url}, {lacking or 'not all of it came'}. "
        f"Remove there what is damaged, run `vigia data push {version.classifier}` where the pictures are whole, then "
        "run again."
    ) from failure


def _explain_lacking(workspace: Path, version: DatasetVersion, remote: Remote) -> str | None:
    """Which of the version's files the remote lacks or has damaged, by looking at the first few that did not come."""
    files: Sequence[VersionFile] = [VersionFile("the list of its files", version.md5)]
    wrong = probe_objects(workspace, remote, [version.md5], fetch=True)  # DVC fetches it last
    if not wrong:
        files = find_missing(workspace, read_listing(workspace, version.md5) or ())
        wrong = probe_objects(workspace, remote, [file.md5 for file in files[:PROBED]], fetch=False)
    named = [f"{file.file} is {wrong[file.md5]} (object {file.md5})" for file in files if file.md5 in wrong]
    more = f"; {len(files) - PROBED:,} more did not come" if len(files) > PROBED else ""
    return name_files(named) + more if named else None


def _check_out(workspace: Path, version: DatasetVersion) -> bool:
    """True when pictures came to the disk."""
    raw = workspace / version.path
    if not raw.exists():
        check_out_dataset(workspace, version.classifier)
        return True
    found = read_present(raw).md5
    if found == version.md5:
        return False
    if not is_kept(workspace, found):
        raise DatasetError(
            f"Expected {version.path} to hold a recorded version, found changes that no version has. "
            f"Run `dvc add {version.path}` to keep them as a version, or remove the folder, then run again."
        )
    check_objects(workspace, version.classifier, version.md5)
    run_dvc(workspace, "checkout", "--force", pointer_path(version.classifier))
    return True


def _describe(version: DatasetVersion, remote: Remote, *, transferred: bool) -> RemoteCopy:
    return RemoteCopy(version.classifier, version.path, version.md5, version.files, remote.url, transferred)

"""Two versions of a dataset side by side: commits, tags, or what lies in the workspace."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.differences import Difference, compare_versions
from pipelines.datasets.history import read_listings, resolve_revision
from pipelines.datasets.objects import VersionFile, find_cache, find_missing, hash_bytes, object_path
from pipelines.datasets.present import read_present
from pipelines.datasets.remotes import Tell, fetch_objects
from pipelines.datasets.versions import dataset_path, read_dataset_version
from pipelines.errors import DatasetError
from pipelines.settings import Settings

WORKSPACE: Final = "workspace"
"""Stands for the files in data/raw/<classifier> as they are, recorded or not."""


@dataclass(frozen=True, slots=True)
class ComparedVersion:
    """One of the two."""

    revision: str
    """As it was asked for."""
    commit: str | None
    """None for the workspace."""
    md5: str
    images: int
    classes: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a dataset between two versions."""

    classifier: str
    before: ComparedVersion
    after: ComparedVersion
    difference: Difference


def compare_revisions(
    workspace: Path, classifier: str, before: str, after: str, settings: Settings, tell: Tell = lambda line: None
) -> Comparison:
    """Compare by content, without a checkout. Raises DatasetError for a revision whose files nobody has a list of."""
    old, old_files = _read(workspace, classifier, before, settings, tell)
    new, new_files = _read(workspace, classifier, after, settings, tell)
    return Comparison(classifier, old, new, compare_versions(old_files, new_files))


class PictureReader:
    """Bytes of pictures by content, wherever they are: the cache, the workspace, or a remote."""

    def __init__(self, workspace: Path, classifier: str, settings: Settings, tell: Tell) -> None:
        self._workspace = workspace
        self._raw = workspace / dataset_path(classifier)
        self._cache = find_cache(workspace)
        self._settings = settings
        self._tell = tell

    def prepare(self, files: Iterable[VersionFile]) -> None:
        """Fetch at once what only a remote may have."""
        away = [file for file in find_missing(self._workspace, files) if self.read(file) is None]
        fetch_objects(self._workspace, {file.md5 for file in away}, self._settings, self._tell)

    def read(self, file: VersionFile) -> bytes | None:
        """None when nobody has it whole."""
        for path in (object_path(self._cache, file.md5), self._raw / file.file):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            if hash_bytes(content) == file.md5:
                return content
        return None


def _read(
    workspace: Path, classifier: str, revision: str, settings: Settings, tell: Tell
) -> tuple[ComparedVersion, tuple[VersionFile, ...]]:
    if revision == WORKSPACE:
        read_dataset_version(workspace, classifier)  # says what is missing
        present = read_present(workspace / dataset_path(classifier))
        files = tuple(VersionFile(each.file, each.md5) for each in present.files)
        return _describe(revision, None, present.md5, files), files
    version = resolve_revision(workspace, classifier, revision)
    listing = read_listings(workspace, {version.md5}, settings, tell)[version.md5]
    if listing is None:
        raise DatasetError(
            f"Expected the files of {classifier} in {revision} (version {version.md5}), neither the DVC cache nor the "
            f"remote has a list of them. Run `vigia data push {classifier}` where that version was made."
        )
    return _describe(revision, version.commit, version.md5, listing), listing


def _describe(revision: str, commit: str | None, md5: str, files: tuple[VersionFile, ...]) -> ComparedVersion:
    labels = [file.label for file in files if file.label is not None]
    return ComparedVersion(revision, commit, md5, len(labels), len(set(labels)))

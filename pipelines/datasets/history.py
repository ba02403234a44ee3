"""The versions of a dataset: every commit that changed its record, and what the version before did not have."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from pipelines.datasets.differences import compare_versions
from pipelines.datasets.git import git_succeeds, run_git
from pipelines.datasets.objects import VersionFile, read_listing
from pipelines.datasets.remotes import Tell, fetch_objects
from pipelines.datasets.versions import pointer_path, read_dataset_version, read_recorded_md5
from pipelines.errors import DatasetError
from pipelines.settings import Settings

NOT_COMMITTED = "not committed"


@dataclass(frozen=True, slots=True)
class RecordedVersion:
    """A version as git knows it."""

    commit: str | None
    """None for the one in force while it is not committed."""
    date: datetime
    """Aware, UTC."""
    md5: str
    message: str
    """First line of the commit."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of `vigia data versions`. Counts are None where neither the cache nor a remote has the list of files."""

    commit: str | None
    date: datetime
    images: int | None
    classes: int | None
    md5: str
    added: int | None
    removed: int | None
    relabelled: int | None
    """Compared with the version before; the first one's pictures are all added."""
    message: str


def read_history(
    workspace: Path, classifier: str, settings: Settings, tell: Tell = lambda line: None
) -> tuple[HistoryEntry, ...]:
    """Newest first; in front the version in force where it is not committed. Raises DatasetError when there is none."""
    versions = list_versions(workspace, classifier)
    if not versions:
        read_dataset_version(workspace, classifier)  # says what is missing
    listings = read_listings(workspace, {version.md5 for version in versions}, settings, tell)
    before: Iterable[RecordedVersion | None] = [*versions, None]
    return tuple(_describe(new, old, listings) for new, old in pairwise(before) if new is not None)


def list_versions(workspace: Path, classifier: str) -> tuple[RecordedVersion, ...]:
    """Newest first, by the .dvc file alone.

    Renames are not followed: git would take the record of a similar dataset for an ancestor.
    """
    committed = _list_commits(workspace, classifier)
    pointer = workspace / pointer_path(classifier)
    if not pointer.exists():
        return committed
    current = read_dataset_version(workspace, classifier)
    if not current.dirty or (committed and committed[0].md5 == current.md5):
        return committed
    written = datetime.fromtimestamp(pointer.stat().st_mtime, UTC).replace(microsecond=0)
    return (RecordedVersion(None, written, current.md5, NOT_COMMITTED), *committed)


def read_listings(
    workspace: Path, hashes: Collection[str], settings: Settings, tell: Tell = lambda line: None
) -> dict[str, tuple[VersionFile, ...] | None]:
    """The files of each version, fetched from a remote where the cache has no list of them; None where neither has."""
    listings = {md5: read_listing(workspace, md5) for md5 in hashes}
    missing = [md5 for md5, files in listings.items() if files is None]
    fetched = fetch_objects(workspace, missing, settings, tell)
    return listings | {md5: read_listing(workspace, md5) for md5 in fetched}


def resolve_revision(workspace: Path, classifier: str, revision: str) -> RecordedVersion:
    """A commit, tag or branch. Raises DatasetError when git does not know it, or it has no such dataset."""
    named = f"{revision}^{{commit}}"
    if revision.startswith("-") or not git_succeeds(workspace, "rev-parse", "--verify", "--quiet", named):
        raise DatasetError(
            f"Expected a commit, a tag, a branch or `workspace`, received {revision!r}, which git does not know. "
            f"`vigia data versions {classifier}` lists the commits."
        )
    commit, date, message = run_git(workspace, "log", "-1", "--format=%H%x00%cI%x00%s", named).split("\0")
    md5 = read_recorded_md5(workspace, classifier, commit)
    if md5 is None:
        raise DatasetError(
            f"Expected a dataset of {classifier} in {revision}, that commit has no {pointer_path(classifier)}. "
            f"`vigia data versions {classifier}` lists those that have."
        )
    return RecordedVersion(commit, _parse_date(date), md5, message)


def _list_commits(workspace: Path, classifier: str) -> tuple[RecordedVersion, ...]:
    if not git_succeeds(workspace, "rev-parse", "--verify", "--quiet", "HEAD"):
        return ()
    lines = run_git(workspace, "log", "--format=%H%x00%cI%x00%s", "--", pointer_path(classifier)).splitlines()
    versions = []
    for line in lines:
        commit, date, message = line.split("\0")
        md5 = read_recorded_md5(workspace, classifier, commit)
        if md5 is not None:  # else this commit removed the dataset
            versions.append(RecordedVersion(commit, _parse_date(date), md5, message))
    return tuple(versions)


def _parse_date(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _describe(
    version: RecordedVersion, before: RecordedVersion | None, listings: dict[str, tuple[VersionFile, ...] | None]
) -> HistoryEntry:
    files = listings[version.md5]
    older = listings[before.md5] if before else ()
    labels = None if files is None else [file.label for file in files if file.label is not None]
    difference = None if files is None or older is None else compare_versions(older, files)
    return HistoryEntry(
        commit=version.commit,
        date=version.date,
        images=None if labels is None else len(labels),
        classes=None if labels is None else len(set(labels)),
        md5=version.md5,
        added=None if difference is None else len(difference.added),
        removed=None if difference is None else len(difference.removed),
        relabelled=None if difference is None else len(difference.relabelled),
        message=version.message,
    )

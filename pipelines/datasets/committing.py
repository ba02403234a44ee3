"""The git commit of a dataset version, with a sentence that says what changed."""

from dataclasses import replace
from pathlib import Path

from pipelines.datasets.changes import DatasetChange, describe_change
from pipelines.datasets.differences import Difference, compare_versions
from pipelines.datasets.objects import read_listing
from pipelines.datasets.versions import commit_dataset_version, read_recorded_md5


def commit_change(workspace: Path, change: DatasetChange, *, reason: str = "") -> DatasetChange:
    """Commit the version in force, where it is not committed yet; the change with its commit.

    The sentence counts from the version that was committed last, which need not be the one before this change.
    """
    difference = _read_difference(workspace, change)
    sentence = describe_change(change if difference is None else _count_anew(change, difference))
    message = f"{sentence}\n\n{reason}" if reason else sentence
    version = commit_dataset_version(workspace, change.classifier, message)
    return replace(change, git_commit=version.git_commit)


def _read_difference(workspace: Path, change: DatasetChange) -> Difference | None:
    """From the committed version to this one; None where there is none, or the cache does not hold both."""
    committed = read_recorded_md5(workspace, change.classifier)
    before = read_listing(workspace, committed) if committed else ()
    after = read_listing(workspace, change.md5)
    return compare_versions(before, after) if before is not None and after is not None else None


def _count_anew(change: DatasetChange, difference: Difference) -> DatasetChange:
    return replace(
        change,
        added=len(difference.added),
        removed=len(difference.removed),
        relabelled=len(difference.relabelled),
    )

"""The pictures on the disk are the recorded ones: brought back where they lack, refused where they differ."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.datasets.differences import Difference, compare_versions
from pipelines.datasets.dvc import dvc_succeeds, run_dvc
from pipelines.datasets.objects import (
    VersionFile,
    check_objects,
    find_missing,
    name_files,
    read_listing,
)
from pipelines.datasets.present import read_present
from pipelines.datasets.versions import dataset_path, pointer_path, read_dataset_version
from pipelines.errors import DatasetError


def check_out_dataset(workspace: Path, classifier: str) -> None:
    """Bring the recorded pictures back where the folder is missing, so that nothing is built on an empty one.

    Raises DatasetError where the cache does not hold them all, or holds damaged ones: DVC itself would use those.
    """
    pointer = pointer_path(classifier)
    if (workspace / dataset_path(classifier)).exists() or not (workspace / pointer).exists():
        return
    version = read_dataset_version(workspace, classifier)
    check_objects(workspace, classifier, version.md5)
    listing = read_listing(workspace, version.md5)
    missing = () if listing is None else find_missing(workspace, listing)
    if listing is None or missing:
        lacks = "their list" if listing is None else name_files(each.file for each in missing)
        raise DatasetError(
            f"Expected the pictures that {pointer} records, the DVC cache does not hold them (it lacks {lacks}). "
            f"Run `vigia data pull {classifier}`, or remove {pointer} to begin a new dataset."
        )
    run_dvc(workspace, "checkout", pointer)


def check_dataset_unchanged(workspace: Path, classifier: str) -> None:
    """Raises DatasetError naming the files that differ from the version in force.

    Without this `dvc repro` would take what lies there, damaged or half edited, for a new version. Every file is read
    the first time; later only where a size or a time of change differs.
    """
    raw = workspace / dataset_path(classifier)
    recorded = read_dataset_version(workspace, classifier).md5
    mark = workspace / ".vigia" / "cache" / "unchanged" / f"{classifier}.json"
    seen = {
        "md5": recorded,
        "files": _summarise(raw),
    }  # before the bytes are read: a change meanwhile is seen next time
    if _read_mark(mark) == seen:
        return
    present = read_present(raw)
    files = tuple(VersionFile(each.file, each.md5) for each in present.files)
    if present.md5 != recorded and not _differs_for_us_alone(workspace, classifier, recorded, files):
        raise DatasetError(_explain(workspace, classifier, recorded, present.md5, files))
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps(seen), encoding="utf-8")


def is_kept(workspace: Path, md5: str) -> bool:
    """Whether the cache holds a whole version of that hash, so that it can be brought back."""
    listing = read_listing(workspace, md5)
    return listing is not None and not find_missing(workspace, listing)


def _differs_for_us_alone(workspace: Path, classifier: str, recorded: str, files: tuple[VersionFile, ...]) -> bool:
    """Whether there are only more files that are no pictures, and DVC passes them over: .dvcignore names them."""
    listing = read_listing(workspace, recorded)
    if listing is None or set(listing) - set(files) or any(each.label for each in set(files) - set(listing)):
        return False
    return dvc_succeeds(workspace, "status", "--quiet", pointer_path(classifier))


def _explain(workspace: Path, classifier: str, recorded: str, found: str, files: tuple[VersionFile, ...]) -> str:
    path, pointer = dataset_path(classifier), pointer_path(classifier)
    if is_kept(workspace, found):
        return (
            f"Expected in {path} the version that {pointer} records ({recorded}), "
            f"another version lies there ({found}). Run `vigia data pull {classifier}`."
        )
    listing = read_listing(workspace, recorded)
    what = "other files" if listing is None else _name_changes(compare_versions(listing, files))
    return (
        f"Expected in {path} the files that {pointer} records, found {what}. To keep this as a new version run "
        f"`dvc add {path}`; to undo it remove {path} and run `vigia data pull {classifier}`."
    )


def _name_changes(difference: Difference) -> str:
    added = {each.file for each in difference.added} | {each.after for each in difference.relabelled}
    removed = {each.file for each in difference.removed} | {each.before for each in difference.relabelled}
    changed = sorted((added & removed) | set(difference.other_files))
    renamed = [each.after for each in difference.renamed]
    found = {"changed": changed, "new": sorted(added - removed), "gone": sorted(removed - added), "renamed": renamed}
    return ", ".join(f"{len(names):,} {word} ({name_files(names)})" for word, names in found.items() if names)


def _summarise(raw: Path) -> str:
    """One hash of every file's name, size and time of change."""
    lines = "\n".join(sorted(_list_states(raw)))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _list_states(raw: Path) -> Iterator[str]:
    for parent, _, names in os.walk(raw):
        for name in names:
            state = os.lstat(os.path.join(parent, name))
            yield f"{parent}/{name}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}"


def _read_mark(mark: Path) -> dict[str, str] | None:
    try:
        content: dict[str, str] = json.loads(mark.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content

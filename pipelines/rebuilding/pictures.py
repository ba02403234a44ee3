"""The pictures of a dataset version in a scratch workspace: copied out of the user's cache, else from the remote."""

import json
import os
from collections.abc import Collection
from functools import partial
from pathlib import Path

from pipelines.datasets.dvc import run_dvc
from pipelines.datasets.objects import VersionFile, find_cache, hash_bytes, name_files, object_path, read_listing
from pipelines.datasets.remotes import connect_remote
from pipelines.datasets.staging import clear_disk_errors
from pipelines.datasets.threads import map_in_threads
from pipelines.datasets.versions import dataset_path, pointer_path, read_dataset_version
from pipelines.errors import DatasetError, VigiaError
from pipelines.rebuilding.scratch import Scratch
from pipelines.settings import Settings


def bring_pictures(workspace: Path, scratch: Scratch, classifier: str, md5: str, settings: Settings) -> int:
    """Fill data/raw/<classifier> of the scratch workspace; how many files. Every byte is compared with its hash.

    Raises DatasetError when the version is in neither the cache nor the remote, or the commit leads to another one.
    """
    recorded = read_dataset_version(scratch.workspace, classifier).md5
    if recorded != md5:
        raise DatasetError(
            f"Expected dataset version {md5} at the commit of the model, its {pointer_path(classifier)} records "
            f"{recorded}: the version was registered from a work tree that was not kept. It cannot be rebuilt."
        )
    raw = scratch.workspace / dataset_path(classifier)
    with clear_disk_errors(scratch.folder):
        listing = _read_listing(find_cache(workspace), md5)
        missing = _copy(find_cache(workspace), listing, raw) if listing is not None else None
        if missing is None or missing:
            _fetch(scratch, classifier, md5, settings, missing)
            listing = read_listing(scratch.workspace, md5) or ()
            missing = _copy(find_cache(scratch.workspace), missing or listing, raw)
        if missing:
            raise DatasetError(_explain(classifier, md5, missing))
    return len(listing or ())


def _read_listing(cache: Path, md5: str) -> tuple[VersionFile, ...] | None:
    """Like `read_listing`, but a damaged object of the user's cache stays where it is."""
    try:
        content = object_path(cache, md5).read_bytes()
    except FileNotFoundError:
        return None
    if hash_bytes(content) != md5.removesuffix(".dir"):
        return None
    return tuple(VersionFile(entry["relpath"], entry["md5"]) for entry in json.loads(content))


def _copy(cache: Path, files: Collection[VersionFile], raw: Path) -> tuple[VersionFile, ...]:
    """Copy what the cache holds unharmed; those that it does not."""
    for folder in {(raw / each.file).parent for each in files}:
        folder.mkdir(parents=True, exist_ok=True)
    listed = tuple(files)
    came = map_in_threads(partial(_copy_one, cache, raw), listed)
    return tuple(each for each, there in zip(listed, came, strict=True) if not there)


def _copy_one(cache: Path, raw: Path, each: VersionFile) -> bool:
    try:
        content = object_path(cache, each.md5).read_bytes()
    except FileNotFoundError:
        return False
    if hash_bytes(content) != each.md5:
        return False
    (raw / each.file).write_bytes(content)
    return True


def _fetch(
    scratch: Scratch, classifier: str, md5: str, settings: Settings, missing: Collection[VersionFile] | None
) -> None:
    """From the remote into the scratch cache."""
    remote = connect_remote(scratch.workspace, settings)
    if "://" not in remote.url and not os.path.isdir(os.path.join(scratch.workspace, ".dvc", remote.url)):
        raise DatasetError(_explain(classifier, md5, missing))
    try:
        run_dvc(scratch.workspace, "fetch", "--remote", remote.name, pointer_path(classifier), mend="")
    except VigiaError as error:
        raise DatasetError(f"{_explain(classifier, md5, missing)} {remote.url} did not bring them: {error}") from error


def _explain(classifier: str, md5: str, missing: Collection[VersionFile] | None) -> str:
    lacks = "the list of its files" if missing is None else name_files(each.file for each in missing)
    return (
        f"Expected dataset version {md5} of {classifier} in DVC's cache or on the remote, both lack it or hold it "
        f"damaged ({lacks}). Name the remote that has it in VIGIA_DATA_REMOTE, or import the same pictures again."
    )

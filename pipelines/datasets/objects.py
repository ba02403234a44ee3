"""What a dataset version holds, from DVC's cache by hash: no checkout, and no damaged object taken for a good one."""

import configparser
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pipelines.datasets.present import label_of
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import DatasetError, WorkspaceError

LISTING_SUFFIX: Final = ".dir"
SHOWN_OBJECTS: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class VersionFile:
    """A file of a dataset version."""

    file: str
    """Below data/raw/<classifier>, as posix."""
    md5: str
    """Of its bytes: the name of its object."""

    @property
    def label(self) -> str | None:
        """Its class folder; None for what is no picture of a class, such as pictures.csv."""
        return label_of(self.file)


def read_dvc_config(workspace: Path) -> dict[str, dict[str, str]]:
    """Sections of .dvc/config with those of .dvc/config.local over them, such as `core` or `'remote "vigia"'`."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read([workspace / ".dvc" / "config", workspace / ".dvc" / "config.local"], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise WorkspaceError(f"Expected a readable configuration in {workspace}/.dvc. {words}. Correct it.") from error
    return {name: dict(parser[name]) for name in parser.sections()}


def find_cache(workspace: Path) -> Path:
    """The folder of DVC's objects: .dvc/cache, or where `dvc cache dir` moved it to."""
    dvc = workspace / ".dvc"
    return dvc / read_dvc_config(workspace).get("cache", {}).get("dir", "cache") / "files" / "md5"


def object_path(cache: Path, md5: str) -> Path:
    """Where an object lies, whether it is there or not."""
    return cache / md5[:2] / md5[2:]


def read_listing(workspace: Path, md5: str) -> tuple[VersionFile, ...] | None:
    """Every file of the version with this hash (`….dir`), by path; None when the cache has no such object.

    Raises DatasetError when the object is damaged.
    """
    file = object_path(find_cache(workspace), md5)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    if hash_bytes(content) != md5.removesuffix(LISTING_SUFFIX):
        kept = set_aside(workspace, [md5])
        raise DatasetError(
            f"Expected the files of dataset version {md5} in {_shown(workspace, file)}, that object is damaged "
            f"(now in {kept}). Run `vigia data pull CLASSIFIER`, or import the pictures again."
        )
    return tuple(sorted(VersionFile(entry["relpath"], entry["md5"]) for entry in json.loads(content)))


def find_missing(workspace: Path, files: Iterable[VersionFile]) -> tuple[VersionFile, ...]:
    """Those whose objects the cache lacks."""
    cache = find_cache(workspace)
    return tuple(file for file in files if not object_path(cache, file.md5).exists())


def find_damaged(workspace: Path, files: Iterable[VersionFile]) -> tuple[VersionFile, ...]:
    """Those whose objects hold other bytes than their name says; every byte is read, objects that lack are passed over.

    DVC itself believes every object that is write-protected, and all in its cache are.
    """
    listed = tuple(files)
    damaged = map_in_threads(partial(_is_damaged, find_cache(workspace)), listed)
    return tuple(file for file, bad in zip(listed, damaged, strict=True) if bad)


def set_aside(workspace: Path, hashes: Iterable[str]) -> str:
    """Move damaged objects out of the cache, where DVC would go on using them; the folder, below the workspace.

    Whatever puts the right bytes there again (`dvc pull`, `dvc add`) leaves an object alone that is there.
    """
    aside = workspace / ".dvc" / "tmp" / "damaged"
    aside.mkdir(parents=True, exist_ok=True)
    for md5 in set(hashes):
        os.replace(object_path(find_cache(workspace), md5), aside / md5)
    return _shown(workspace, aside)


def check_objects(workspace: Path, classifier: str, md5: str) -> None:
    """Raises DatasetError that names damaged objects and their pictures; they are set aside."""
    damaged = find_damaged(workspace, read_listing(workspace, md5) or ())
    if not damaged:
        return
    cache = find_cache(workspace)
    named = name_files(f"{each.file} ({_shown(workspace, object_path(cache, each.md5))})" for each in damaged)
    kept = set_aside(workspace, (each.md5 for each in damaged))
    raise DatasetError(
        f"Expected the pictures of {classifier} as they were recorded, damaged in the DVC cache: {named}; "
        f"now in {kept}. Run `vigia data pull {classifier}` to fetch them again; where no remote has them, "
        f"remove data/raw/{classifier}.dvc and import the pictures again."
    )


def name_files(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - SHOWN_OBJECTS:,} more" if len(listed) > SHOWN_OBJECTS else ""
    return ", ".join(listed[:SHOWN_OBJECTS]) + more


def hash_bytes(content: bytes) -> str:
    """The hash that DVC names objects by."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def hash_file(file: Path) -> str:
    """The same of a file, without holding all of it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _is_damaged(cache: Path, file: VersionFile) -> bool:
    path = object_path(cache, file.md5)
    try:
        return hash_file(path) != file.md5.removesuffix(LISTING_SUFFIX)
    except FileNotFoundError:
        return False
    except OSError:  # the disk itself refuses
        return True


def _shown(workspace: Path, path: Path) -> str:
    return os.path.relpath(path, workspace)

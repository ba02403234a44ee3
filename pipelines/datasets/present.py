"""What lies in data/raw/<classifier> now: every file with its hashes, and what the catalogue says of them."""

import hashlib
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from pipelines.datasets.catalogue import (
    CLASSES_FILE,
    PICTURES_FILE,
    CataloguePicture,
    ClassParts,
    read_classes,
    read_pictures,
)
from pipelines.datasets.class_folders import is_picture_name
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import DatasetError

LEFT_BEHIND: Final = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
"""By file managers; .dvcignore names the same, so that looking at a folder makes no new version of it."""
CATALOGUE_FILES: Final = frozenset((PICTURES_FILE, CLASSES_FILE))


@dataclass(frozen=True, slots=True)
class PresentFile:
    """A file of the dataset."""

    file: str
    """Below data/raw/<classifier>, as posix."""
    label: str | None
    """Name of its class folder in Unicode's composed form; None for what is no picture of a class."""
    sha256: str
    md5: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PresentDataset:
    """The dataset as it lies on the disk, whether recorded so or not."""

    files: tuple[PresentFile, ...] = ()
    """By path."""
    rows: tuple[CataloguePicture, ...] = ()
    classes: Mapping[str, ClassParts] = field(default_factory=dict)

    @property
    def pictures(self) -> tuple[PresentFile, ...]:
        return tuple(file for file in self.files if file.label is not None)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def md5(self) -> str:
        """The hash that `dvc add` would record for the folder: of a JSON list of its files and their hashes."""
        entries = sorted(
            ({"md5": file.md5, "relpath": file.file} for file in self.files), key=lambda each: each["relpath"]
        )
        return f"{_md5(json.dumps(entries, sort_keys=True).encode())}.dir"


def read_present(raw: Path) -> PresentDataset:
    """Reads every file once; a folder that is not there is empty.

    Raises DatasetError for a file or a catalogue that cannot be read.
    """
    names = [
        Path(parent, name).relative_to(raw).as_posix()
        for parent, _, files in os.walk(raw)
        for name in files
        if name not in LEFT_BEHIND
    ]
    files = tuple(map_in_threads(partial(_hash, raw), sorted(names)))
    return PresentDataset(files, read_pictures(raw), read_classes(raw))


def _hash(raw: Path, name: str) -> PresentFile:
    try:
        content = (raw / name).read_bytes()
    except OSError as error:
        raise DatasetError(
            f"Expected a readable file at {raw / name}, received: {error.strerror}. Correct its rights or remove it."
        ) from error
    return PresentFile(name, label_of(name), hashlib.sha256(content).hexdigest(), _md5(content), len(content))


def label_of(name: str) -> str | None:
    """The class folder of a file below data/raw/<classifier>; None for what is no picture of a class."""
    parts = name.split("/")
    hidden = any(part.startswith(".") for part in parts)
    if len(parts) < 2 or hidden or not is_picture_name(parts[-1]):
        return None
    return unicodedata.normalize("NFC", parts[0])


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

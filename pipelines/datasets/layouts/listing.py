"""What a layout's module says about a folder: which pictures, under which labels, and how it knows."""

import os
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipelines.datasets.catalogue import Box, ClassParts
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.splits import Split
from pipelines.errors import ImageError


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture that a source offers; nothing of it has been read yet."""

    label: str
    """Name of its class folder in data/raw, in Unicode's composed form (NFC)."""
    path: Path
    """The file, or the archive that holds it."""
    name: str
    """Its path below the source as posix, or `archive.tar/member` within an archive."""
    split: Split | None = None
    """Official split, where the source has one."""
    box: Box | None = None
    """Of the labelled thing, where the source has one."""
    offset: int = 0
    """First byte within `path`; 0 for a file of its own."""
    size: int | None = None
    """Bytes within `path`; None for the whole file."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything a layout's module found."""

    layout: str
    evidence: str
    """What it was recognised by, in words: `24 class folders` or `cars_meta.mat names 196 classes`."""
    pictures: tuple[SourcePicture, ...]
    classes: Mapping[str, ClassParts] = field(default_factory=dict)
    """Class folder -> make, model and year, where the source tells them apart."""
    rejected: tuple[Rejected, ...] = ()
    """Files that the source's own lists name but that are not there, or that are known to be unusable."""


class Layout(Protocol):
    """A module of this package."""

    NEEDS: str
    """What the folder must hold, in one sentence for the user."""

    def recognise(self, folder: Path) -> str | None:
        """The evidence that `folder` is laid out so, in words; None without it. Opens as few files as possible."""
        ...

    def read(self, folder: Path) -> Listing:
        """Raises DatasetError for a folder that is not laid out so, or whose lists contradict its files."""
        ...


def class_folder(name: str) -> str:
    """A label as a folder name that every file system takes: NFC, separators replaced, no leading dot."""
    return unicodedata.normalize("NFC", name).replace("/", "_").replace("\\", "_").lstrip(".")


def read_picture(picture: SourcePicture, max_bytes: int) -> bytes:
    """Its encoded bytes, never more than `max_bytes` of them in memory.

    Raises ImageError for a file that is larger, is no ordinary file or is shorter than its archive says, OSError for
    one that cannot be read.
    """
    # without O_NONBLOCK a pipe that is named like a picture would wait for its writer for ever
    with open(os.open(picture.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"Expected an ordinary file, received {_kind(status.st_mode)}.")
        size = status.st_size if picture.size is None else picture.size
        if size > max_bytes:
            raise ImageError(f"Expected at most {max_bytes} bytes, received {size}.")
        stream.seek(picture.offset)
        content = stream.read(max_bytes if picture.size is None else size)
    if picture.size is not None and len(content) < size:
        raise ImageError(f"Expected {size} bytes within {picture.path.name}, received {len(content)}.")
    return content


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return names.get(stat.S_IFMT(mode), "a device")

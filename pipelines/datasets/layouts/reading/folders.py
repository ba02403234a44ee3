"""Folders of pictures: what lies where, and the links that are not followed."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pipelines.datasets.class_folders import is_picture_name
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError

SPLIT_WORDS: Final[Mapping[str, Split]] = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip

DEEPEST_WRAPPING: Final = 3
"""Folders that hold nothing but the next one: archives unpacked into a folder of their own name, and `train`."""


def list_folders(folder: Path) -> list[str]:
    """Names of the visible folders inside, sorted."""
    return [entry.name for entry in _scan(folder) if _is_folder(entry)]


def list_files(folder: Path) -> list[str]:
    """Names of the visible files inside, sorted."""
    return [entry.name for entry in _scan(folder) if not _is_folder(entry)]


def list_pictures(folder: Path) -> list[str]:
    """Names of the picture files inside, not in folders below, sorted."""
    return [name for name in list_files(folder) if is_picture_name(name)]


def find_pictures(folder: Path) -> list[str]:
    """Paths below `folder`, as posix and sorted, of every picture file, folders within folders included."""
    found: list[str] = []
    waiting = [""]
    while waiting:  # no recursion: folders may be nested deeper than Python's stack
        below = waiting.pop()
        for entry in _scan(os.path.join(folder, below)):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{below}{entry.name}/")
            elif is_picture_name(entry.name) and not _is_folder(entry):
                found.append(below + entry.name)
    return sorted(found)


def find_links(folder: Path) -> dict[str, str]:
    """Path below `folder` -> why the link there is not followed; links to files within `folder` are.

    A link to a folder never is: it leads out, or in a circle, or to pictures that are there already.
    """
    root = os.path.realpath(folder)
    refused: dict[str, str] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        for entry in _scan(os.path.join(folder, below)):
            if entry.is_symlink():
                reason = _refuse_link(entry, root)
                if reason:
                    refused[below + entry.name] = reason
            elif entry.is_dir():
                waiting.append(f"{below}{entry.name}/")
    return refused


def picture_root(folder: Path) -> Path:
    """`folder`, or the one below it that holds the class folders where the folders between hold nothing else."""
    for _ in range(DEEPEST_WRAPPING):
        inside = list_folders(folder)
        if len(inside) != 1 or list_pictures(folder) or list_pictures(folder / inside[0]):
            break
        folder = folder / inside[0]
    return folder


def find_folder(folder: Path, *names: str) -> Path | None:
    """The first of `names` that is a folder inside; one that only wraps a folder of the same name gives that one."""
    present = list_folders(folder)
    for name in names:
        if name in present:
            inner = folder / name / name
            return inner if inner.is_dir() and not list_pictures(folder / name) else folder / name
    return None


def split_of_name(name: str) -> Split | None:
    """The split that one of the words of a file's name stands for: `imagenet-train-000001.tar` -> train."""
    words = re.split(r"[-_./ ]", name.casefold())
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), None)


def _scan(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise DatasetError(
            f"Expected a readable folder, {folder} refuses: {error.strerror}. Give yourself the right: chmod u+rX."
        ) from error
    return sorted(visible, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _refuse_link(entry: os.DirEntry[str], root: str) -> str | None:
    try:
        target = os.path.realpath(entry.path, strict=True)
    except FileNotFoundError:
        return "A link that leads nowhere."
    except OSError:  # too many levels of links, or a folder on the way that refuses
        return "A link that leads in a circle or into a closed folder."
    if os.path.commonpath((root, target)) != root:
        return "A link that leads out of the folder. Copy what it leads to."
    if os.path.isdir(target):
        return "A link to another folder of the same source, or in a circle."
    return None

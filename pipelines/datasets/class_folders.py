"""The plain layout: one folder a class, pictures inside; a label is its folder's name."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.errors import DatasetError
from pipelines.images import ImageLimits

READ_SUFFIXES: Final = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp")
OTHER_SUFFIXES: Final = (".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".ppm")
PICTURE_SUFFIXES: Final = frozenset((*READ_SUFFIXES, *OTHER_SUFFIXES))
"""Files that someone meant as a picture; those that cannot be decoded are then named as rejected, not passed over."""

SHOWN_CLASSES: Final = 10
"""Named in one line, however many there are."""

DATASET_LIMITS: Final = ImageLimits(max_bytes=64_000_000, max_pixels=80_000_000)
"""Wider than those of a frame: a photograph of 12 megapixels and 6 MB is fit for training, it is scaled down once."""


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file that claims to be a picture, and the class it lies in."""

    label: str
    path: Path


def read_class_folders(folder: Path) -> tuple[LabelledFile, ...]:
    """Every picture file of every class folder, nested folders included, in a fixed order.

    Other files (a README, .DS_Store) and hidden folders are passed over. Raises DatasetError for a folder that is
    missing, unreadable, empty, or holds its pictures in no class folder.
    """
    classes = [entry for entry in _entries(folder) if entry.is_dir()]
    empty = [entry.name for entry in classes if not _entries(entry)]
    if empty and len(empty) < len(classes):
        raise DatasetError(
            f"Expected pictures in every class folder of {folder}, found none in {', '.join(empty)}. "
            "Add pictures or remove the folder."
        )
    found = tuple(
        LabelledFile(unicodedata.normalize("NFC", entry.name), path) for entry in classes for path in _pictures(entry)
    )
    if not found:
        loose = any(entry.is_file() and is_picture_name(entry.name) for entry in _entries(folder))
        came = "pictures without class folders" if loose else "no picture at all"
        raise DatasetError(
            f"Expected one folder a class with pictures inside ({folder}/CLASS/picture.jpg), found {came}. "
            "Make a folder for each class and run again."
        )
    return found


def is_picture_name(name: str) -> bool:
    """True for a file name that ends like a picture's."""
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def check_class_sizes(counts: dict[str, int], min_per_class: int) -> None:
    """Raises DatasetError naming each class with fewer usable pictures than `min_per_class`."""
    small = [f"{name} ({count})" for name, count in sorted(counts.items()) if count < min_per_class]
    if small:
        more = f" and {len(small) - SHOWN_CLASSES:,} classes more" if len(small) > SHOWN_CLASSES else ""
        raise DatasetError(
            f"Expected at least {min_per_class} different, readable pictures a class, "
            f"found fewer in {', '.join(small[:SHOWN_CLASSES])}{more}. "
            f"Add pictures to these classes, remove their folders, or import with --min-pictures {min_per_class}."
        )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        raise DatasetError(f"Expected a folder of pictures at {folder}, found nothing. Check the path.") from None
    except NotADirectoryError:
        raise DatasetError(f"Expected a folder of pictures, received the file {folder}. Give its folder.") from None
    except PermissionError:
        raise _unreadable(folder) from None


def _pictures(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise _unreadable(Path(error.filename or folder)) from error

    found = []
    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(files) if is_picture_name(name)]
    return found


def _unreadable(folder: Path) -> DatasetError:
    return DatasetError(f"Expected a readable folder, {folder} refuses. Give yourself the right: chmod u+rX.")

"""Kaggle's cats and dogs: flat `cat.0.jpg` and `dog.0.jpg`, or Microsoft's PetImages/Cat and PetImages/Dog.

Elson, Douceur, Howell and Saul, "Asirra: a CAPTCHA that exploits interest-aligned manual image categorization" (2007).
"""

import re
from pathlib import Path
from typing import Final

from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.folders import find_folder, find_pictures, list_folders, list_pictures
from pipelines.datasets.manifest import Rejected
from pipelines.errors import DatasetError

NEEDS: Final = "cat.0.jpg, dog.0.jpg and so on in one folder (or its train), or PetImages with the folders Cat and Dog"

LABELS: Final = ("cat", "dog")
FLAT_NAME: Final = re.compile(r"(cat|dog)\.\d+\.jpe?g", re.IGNORECASE)
UNLABELLED: Final = ("test1", "test")


def recognise(folder: Path) -> str | None:
    """The two folders below PetImages, or the flat names."""
    if not folder.is_dir():
        return None
    if _find_pets(folder) is not None:
        return "PetImages with the folders Cat and Dog"
    flat = _find_flat(folder)
    return f"pictures named like cat.0.jpg and dog.0.jpg in {flat.name}" if flat is not None else None


def read(folder: Path) -> Listing:
    """Labels `cat` and `dog` in both forms, which hold the same photographs under other numbers."""
    pets = _find_pets(folder)
    if pets is not None:
        return _read_pets(folder, pets)
    flat = _find_flat(folder)
    if flat is not None:
        return _read_flat(folder, flat)
    raise DatasetError(f"Expected {NEEDS}, found neither in {folder}. Give the folder that holds them.")


def _read_pets(folder: Path, pets: Path) -> Listing:
    pictures = tuple(
        SourcePicture(name.casefold(), pets / name / file, _below(folder, pets / name / file))
        for name in list_folders(pets)
        if name.casefold() in LABELS
        for file in find_pictures(pets / name)
    )
    return Listing("kaggle_cats_dogs", recognise(folder) or "", pictures)


def _read_flat(folder: Path, flat: Path) -> Listing:
    pictures, rejected = [], []
    for name in list_pictures(flat):
        match = FLAT_NAME.fullmatch(name)
        shown = _below(folder, flat / name)
        if match:
            pictures.append(SourcePicture(match[1].lower(), flat / name, shown))
        else:
            rejected.append(Rejected(shown, "Expected a name like cat.0.jpg or dog.0.jpg: it is the label."))
    unlabelled = find_folder(folder, *UNLABELLED)
    evidence = recognise(folder) or ""
    if unlabelled is not None and unlabelled != flat:
        evidence += f"; {unlabelled.name} has no labels and is left out"
    return Listing("kaggle_cats_dogs", evidence, tuple(pictures), rejected=tuple(rejected))


def _find_pets(folder: Path) -> Path | None:
    for pets in (folder, find_folder(folder, "PetImages")):
        if pets is not None and pets.absolute().name.casefold() == "petimages":
            names = {name.casefold() for name in list_folders(pets)}
            if names.issuperset(LABELS):
                return pets
    return None


def _find_flat(folder: Path) -> Path | None:
    for flat in (folder, find_folder(folder, "train")):
        if flat is not None:
            matches = (FLAT_NAME.fullmatch(name) for name in list_pictures(flat))
            if {match[1].lower() for match in matches if match} == set(LABELS):
                return flat
    return None


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()

"""Labeled Faces in the Wild: a folder for each person, pictures named `Name_0001.jpg`, and often pairs.txt.

Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild: A Database for Studying Face Recognition in
Unconstrained Environments", Technical Report 07-49, University of Massachusetts (2007).
"""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.folders import find_pictures, list_folders, list_pictures, picture_root
from pipelines.errors import DatasetError

NEEDS: Final = "a folder for each person with pictures named after it: Ada_Lovelace/Ada_Lovelace_0001.jpg"

PAIRS_FILE: Final = "pairs.txt"
LOOKED_AT: Final = 20
"""Folders that are looked at before a source is taken for LFW; reading then looks at all."""


@dataclass(frozen=True, slots=True)
class FacePair:
    """Two pictures of LFW's verification test, as paths below the folder of people."""

    image_a: str
    image_b: str

    @property
    def same(self) -> bool:
        """Whether they show one person."""
        return self.image_a.split("/")[0] == self.image_b.split("/")[0]


def recognise(folder: Path) -> str | None:
    """The names of the pictures in the first folders."""
    if not folder.is_dir():
        return None
    root = picture_root(folder)
    people = list_folders(root)
    checks = [_is_person(root / person) for person in islice(people, LOOKED_AT)]
    if not checks or not all(checks):
        return None
    return f"{len(people)} person folders with pictures named like {people[0]}_0001.jpg"


def read(folder: Path) -> Listing:
    """Labels are the names of the people as their folders spell them, with underscores.

    pairs.txt is for verification and decides no split; what it names and is not there is counted in the evidence.
    """
    evidence = recognise(folder)
    if evidence is None:
        raise DatasetError(f"Expected {NEEDS}, found other names in {folder}. Try --layout class_folders.")
    root = picture_root(folder)
    pictures = tuple(
        SourcePicture(person, path, path.relative_to(folder).as_posix())
        for person in list_folders(root)
        for path in (root / person / name for name in find_pictures(root / person))
    )
    file = next((place / PAIRS_FILE for place in (root, root.parent) if (place / PAIRS_FILE).is_file()), None)
    if file is not None:
        pairs = read_pairs(file)
        there = {path.relative_to(root).as_posix() for path in (picture.path for picture in pictures)}
        missing = {image for pair in pairs for image in (pair.image_a, pair.image_b)} - there
        evidence += f"; {PAIRS_FILE} names {len(pairs)} pairs, {len(missing)} of their pictures are not here"
    return Listing("lfw", evidence, pictures)


def read_pairs(file: Path) -> tuple[FacePair, ...]:
    """The pairs of LFW's own list: `name 1 4` for the same person, `name 1 other 2` for two; headings are skipped.

    Raises DatasetError for a line of another kind.
    """
    pairs = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"Expected LFW's list of pairs at {file}. {error}. Correct or remove it.") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or all(word.isdecimal() for word in words):
            continue  # `10 300`: folds, and pairs of each kind in a fold
        try:
            pairs.append(_parse_pair(words))
        except ValueError:
            raise DatasetError(
                f"Expected `name 1 4` or `name 1 other 2` in line {number} of {file}, received {line!r:.80}. "
                "Correct or remove the file."
            ) from None
    return tuple(pairs)


def _parse_pair(words: list[str]) -> FacePair:
    if len(words) == 3:
        person, first, second = words
        return FacePair(_file_of(person, first), _file_of(person, second))
    person, first, other, second = words
    return FacePair(_file_of(person, first), _file_of(other, second))


def _file_of(person: str, number: str) -> str:
    return f"{person}/{person}_{int(number):04d}.jpg"


def _is_person(folder: Path) -> bool:
    names = list_pictures(folder)
    return bool(names) and all(re.fullmatch(re.escape(folder.name) + r"_\d{4}\.\w+", name) for name in names)

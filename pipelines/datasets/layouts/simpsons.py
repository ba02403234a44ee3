"""The Simpsons characters of Kaggle: character folders, boxes in annotation.txt, and a flat test set.

Attia, "The Simpsons Characters Data" (2017); boxes in the form of keras-frcnn: `path,x1,y1,x2,y2,character`.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final

from pipelines.datasets.catalogue import Box
from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.boxes import parse_box
from pipelines.datasets.layouts.reading.folders import (
    find_folder,
    find_pictures,
    list_files,
    list_folders,
    list_pictures,
)
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError

NEEDS: Final = (
    "simpsons_dataset (or characters) with a folder for each character, with kaggle_simpson_testset or a list of boxes "
    "(annotation.txt, *_bboxes.csv: path,x1,y1,x2,y2,character)"
)
TRAIN_FOLDERS: Final = ("simpsons_dataset", "characters", "train")
"""The first is evidence by itself; the others are common names."""
TEST_FOLDERS: Final = ("kaggle_simpson_testset",)
BOX_LISTS: Final = ("annotation.txt", "*_bboxes.csv")
TEST_NAME: Final = re.compile(r"(\w+)_\d+\.\w+")

Boxes = Mapping[str, Box]
"""`character/file` -> where that character is."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the parts lie."""

    root: Path
    characters: tuple[str, ...]
    test: Path | None


def recognise(folder: Path) -> str | None:
    """The names of the folders, and what lists of boxes and test pictures go with them."""
    if not folder.is_dir():
        return None
    place = _find_place(folder)
    try:
        boxes = _find_box_list(folder, place)
    except DatasetError:  # any folder may have an annotation.txt of its own kind
        boxes = None
    return _say_evidence(folder, place, boxes)


def read(folder: Path) -> Listing:
    """Character folders; the flat test set is the official test split."""
    place = _find_place(folder)
    file = _find_box_list(folder, place)
    evidence = _say_evidence(folder, place, file)
    if evidence is None:
        raise DatasetError(f"Expected {NEEDS}, found other folders in {folder}. Try --layout class_folders.")
    boxes = _read_boxes(file) if file else {}
    split: Split | None = "train" if place.test else None
    below = place.root.relative_to(folder)
    train = tuple(
        SourcePicture(name, place.root / name / inner, str(below / name / inner), split, boxes.get(f"{name}/{inner}"))
        for name in place.characters
        for inner in find_pictures(place.root / name)
    )
    test, rejected = _read_test(folder, place)
    return Listing("simpsons", evidence, train + test, rejected=rejected)


def _find_place(folder: Path) -> _Place:
    root = find_folder(folder, *TRAIN_FOLDERS) or folder
    # the archive holds a second copy of all characters in their midst: a folder without pictures of its own
    characters = tuple(name for name in list_folders(root) if list_pictures(root / name))
    return _Place(root, characters, find_folder(folder, *TEST_FOLDERS))


def _say_evidence(folder: Path, place: _Place, boxes: Path | None) -> str | None:
    """None where too little speaks for this layout."""
    tested = place.test is not None and place.root != folder
    if not place.characters or not (boxes or tested or place.root.name == TRAIN_FOLDERS[0]):
        return None
    found = [f"{len(place.characters)} character folders in {place.root.absolute().name}"]
    found += [f"boxes in {boxes.name}"] if boxes else []
    found += [f"test pictures in {place.test.name}"] if place.test else []
    return ", ".join(found)


def _read_test(folder: Path, place: _Place) -> tuple[tuple[SourcePicture, ...], tuple[Rejected, ...]]:
    pictures, rejected = [], []
    for path in (place.test / name for name in list_pictures(place.test)) if place.test else ():
        shown = path.relative_to(folder).as_posix()
        match = TEST_NAME.fullmatch(path.name)
        if match and match[1] in place.characters:
            pictures.append(SourcePicture(match[1], path, shown, "test"))
        else:
            rejected.append(Rejected(shown, "Expected the name of a character folder, _ and a number."))
    return tuple(pictures), tuple(rejected)


def _find_box_list(folder: Path, place: _Place) -> Path | None:
    beside = folder.absolute().parent
    candidates = [folder / name for name in list_files(folder) if any(fnmatch(name, form) for form in BOX_LISTS)]
    candidates += [beside / BOX_LISTS[0], beside / f"{folder.absolute().name}_bboxes.csv"]
    return next((file for file in candidates if _speaks_of(file, place.characters)), None)


def _speaks_of(file: Path, characters: Sequence[str]) -> bool:
    first = next(_read_box_rows(file), None) if file.is_file() else None
    return first is not None and first[0].split("/")[0] in characters


def _read_boxes(file: Path) -> Boxes:
    """Where a character is in a picture twice, the larger one counts."""
    boxes: dict[str, Box] = {}
    for key, box in _read_box_rows(file):
        known = boxes.get(key)
        if known is None or box.width * box.height > known.width * known.height:
            boxes[key] = box
    return boxes


def _read_box_rows(file: Path) -> Iterator[tuple[str, Box]]:
    """`character/file` and box of each line that has one; of others in the picture the label says nothing."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            for row in csv.reader(stream):
                path = PurePosixPath(row[0]) if len(row) == 6 else None
                box = _parse_corners(row[1:5])
                if path and box and path.parent.name == row[5].strip():
                    yield f"{path.parent.name}/{path.name}", box
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"Expected path,x1,y1,x2,y2,character in each line of {file}. {error}. Correct or remove it."
        ) from error


def _parse_corners(words: Sequence[str]) -> Box | None:
    """The corners were clicked by hand, now and then the lower right one first."""
    return parse_box(words) or parse_box([*words[2:], *words[:2]])

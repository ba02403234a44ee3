"""A table of paths and labels, CSV or parquet, beside or above the pictures that it names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.boxes import parse_box
from pipelines.datasets.layouts.reading.folders import SPLIT_WORDS, list_files, split_of_name
from pipelines.datasets.layouts.reading.named_files import NamedFiles
from pipelines.datasets.layouts.reading.tables import SUFFIXES, find_column, read_columns, read_rows
from pipelines.datasets.manifest import Rejected
from pipelines.errors import DatasetError

NEEDS: Final = (
    "a .csv or .parquet with a column of paths (path, image, file, filename) and one of labels (label, class, category)"
)

PATH_NAMES: Final = ("path", "image", "file", "filename", "file_name", "filepath", "image_path", "img")
LABEL_NAMES: Final = ("label", "class", "category", "class_name", "label_name")
SPLIT_NAMES: Final = ("split", "subset")
BOX_NAMES: Final = ("box", "bbox")
CORNER_NAMES: Final = (
    ("left", "top", "right", "bottom"), ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"), ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are used, as the table writes them."""

    path: str
    label: str
    split: str | None
    box: tuple[str, ...]
    """One column of four numbers, or four of one, or none."""

    @property
    def read(self) -> tuple[str, ...]:
        return (self.path, self.label, *((self.split,) if self.split else ()), *self.box)


def recognise(folder: Path) -> str | None:
    """The table and its two columns."""
    for file in _tables(folder):
        columns = _find_columns(read_columns(file))
        if columns is not None:
            return f"{file.name} with the columns {columns.path} and {columns.label}"
    return None


def read(folder: Path) -> Listing:
    """Every row of the table; a row that names no file of the source, or no label, is rejected with its reason.

    Paths are below the table's folder. Several tables are read when their names say splits: train.csv, test.csv.
    """
    found = [(file, columns) for file in _tables(folder) if (columns := _find_columns(read_columns(file)))]
    if not found:
        raise DatasetError(f"Expected {NEEDS}, found none in {folder}. Name the columns so, or give the table itself.")
    if len(found) > 1 and not all(split_of_name(file.name) for file, _ in found):
        names = ", ".join(file.name for file, _ in found)
        raise DatasetError(f"Expected one table of paths and labels, found {names}. Give the one that you mean.")
    pictures, rejected = [], []
    for file, columns in found:
        for each in _read_table(file, columns):
            if isinstance(each, Rejected):
                rejected.append(each)
            else:
                pictures.append(each)
    evidence = "; ".join(f"{file.name} with the columns {', '.join(columns.read)}" for file, columns in found)
    return Listing("table", evidence, tuple(pictures), rejected=tuple(rejected))


def _read_table(file: Path, columns: Columns) -> Iterator[SourcePicture | Rejected]:
    files = NamedFiles(file.parent, file.name)
    split_of_table = split_of_name(file.name)
    for row in read_rows(file, columns.read):
        values = iter(row)
        value, label, split_word = next(values), next(values), next(values) if columns.split else ""
        corners = [word for text in values for word in re.split(r"[\s,;\[\]()]+", text) if word]
        box = parse_box(corners)
        path = files.find(value)
        if isinstance(path, Rejected):
            yield path
        elif not label:
            yield Rejected(path, f"Expected a label in {file.name}, received none.")
        elif split_word and split_word.casefold() not in SPLIT_WORDS:
            yield Rejected(path, f"Expected the split train, validation or test, received {split_word!r:.40}.")
        elif corners and box is None:
            yield Rejected(
                path, f"Expected a box of four numbers that enclose something, received {' '.join(corners):.60}."
            )
        else:
            split = SPLIT_WORDS[split_word.casefold()] if split_word else split_of_table
            yield SourcePicture(label, file.parent / path, path, split, box)


def _tables(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder] if folder.suffix.lower() in SUFFIXES else []
    return [folder / name for name in list_files(folder) if Path(name).suffix.lower() in SUFFIXES]


def _find_columns(names: Sequence[str]) -> Columns | None:
    path, label = find_column(names, PATH_NAMES), find_column(names, LABEL_NAMES)
    if path is None or label is None:
        return None
    box = find_column(names, BOX_NAMES)
    corners = [tuple(find_column(names, (name,)) for name in form) for form in CORNER_NAMES]
    whole = [tuple(each for each in form if each is not None) for form in corners if None not in form]
    return Columns(path, label, find_column(names, SPLIT_NAMES), (box,) if box else next(iter(whole), ()))

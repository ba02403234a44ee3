"""What a dataset knows of its pictures beside their class folder: pictures.csv, classes.csv in data/raw/<classifier>.

`vigia data import|relabel|sample` write them, `prepare` reads them, DVC versions them with the pictures. A folder
without them, or a picture that they do not name, is fine: only what cannot be known otherwise stands there.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pipelines.errors import DatasetError

PICTURES_FILE: Final = "pictures.csv"
CLASSES_FILE: Final = "classes.csv"

LabelPart = Literal["make", "model", "year"]
LABEL_PARTS: Final[tuple[LabelPart, ...]] = ("make", "model", "year")


@dataclass(frozen=True, slots=True)
class Box:
    """Part of a picture, in pixels of the upright picture; right and bottom are excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class CataloguePicture:
    """One picture; the rows stand in the order in which the pictures came."""

    file: str
    """Path below data/raw/<classifier>, such as `cats/cat.1.jpg`."""
    sha256: str
    origin: str
    """Where it came from: its path in the imported folder, with the folder's name in front."""
    split: str
    """Official split (`train`, `validation`, `test`), or empty."""
    box: Box | None
    """The labelled thing in the picture, where the source says where it is."""


@dataclass(frozen=True, slots=True)
class ClassParts:
    """What a class folder's name stands for."""

    make: str
    model: str
    year: str

    def label(self, parts: Iterable[LabelPart]) -> str:
        """The parts that are known, joined by spaces."""
        return " ".join(value for value in (getattr(self, part) for part in parts) if value)


def read_pictures(raw: Path) -> tuple[CataloguePicture, ...]:
    """Rows of pictures.csv; none when there is no such file. Raises DatasetError for a row that cannot be used."""
    return read_pictures_file(raw / PICTURES_FILE)


def read_pictures_file(file: Path) -> tuple[CataloguePicture, ...]:
    """The same of a pictures.csv under any name, such as the one of an old version in DVC's cache."""
    return tuple(_parse_picture(file, row) for row in _read_rows(file))


def write_pictures(raw: Path, pictures: Iterable[CataloguePicture]) -> None:
    """One row a picture, in the given order."""
    with (raw / PICTURES_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "sha256", "origin", "split", "box"))
        for each in pictures:
            box = "" if each.box is None else f"{each.box.left} {each.box.top} {each.box.right} {each.box.bottom}"
            writer.writerow((each.file, each.sha256, each.origin, each.split, box))


def read_classes(raw: Path) -> dict[str, ClassParts]:
    """Class folder -> what it stands for; empty when there is no classes.csv."""
    file = raw / CLASSES_FILE
    try:
        return {
            row["folder"]: ClassParts(row.get("make") or "", row.get("model") or "", row.get("year") or "")
            for row in _read_rows(file)
        }
    except KeyError as error:
        raise DatasetError(f"Expected the columns folder, make, model, year in {file}, {error} is missing.") from error


def write_classes(raw: Path, classes: Mapping[str, ClassParts]) -> None:
    """Columns folder, make, model and year, by folder; nothing is written when there are none."""
    if not classes:
        return
    with (raw / CLASSES_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("folder", *LABEL_PARTS))
        writer.writerows((folder, parts.make, parts.model, parts.year) for folder, parts in sorted(classes.items()))


def _read_rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"Expected a CSV file in UTF-8 at {file}. {error}. Correct or remove it.") from error


def _parse_picture(file: Path, row: Mapping[str, str]) -> CataloguePicture:
    try:
        box = Box(*map(int, row["box"].split())) if row["box"] else None
        return CataloguePicture(row["file"], row["sha256"], row["origin"], row["split"], box)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"Expected file, sha256, origin, split and box (four numbers) in each row of {file}, "
            f"received {dict(row)}. Correct or remove it."
        ) from error

"""The pictures of data/raw/<classifier> with what the catalogue and the params say of each; nothing is decoded."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pipelines.datasets.catalogue import (
    CLASSES_FILE,
    PICTURES_FILE,
    Box,
    CataloguePicture,
    ClassParts,
    LabelPart,
    read_classes,
    read_pictures,
)
from pipelines.datasets.class_folders import read_class_folders
from pipelines.datasets.splits import SPLITS, Split
from pipelines.errors import DatasetError
from pipelines.stage_params import PrepareParams

PARTS_OF_LABELS: Final[Mapping[str, tuple[LabelPart, ...]]] = {
    "make": ("make",),
    "make_model": ("make", "model"),
    "make_model_year": ("make", "model", "year"),
}

LAST: Final = sys.maxsize
"""Arrival of files that the catalogue does not know."""


@dataclass(frozen=True, slots=True)
class RawPicture:
    """A file that claims to be a picture."""

    name: str
    """Its path below data/raw/<classifier>."""
    label: str
    known_sha256: str
    """What the catalogue says; empty for a file that it does not name."""
    arrival: int
    """Row of the catalogue, or LAST."""
    origin: str
    official: Split | None
    box: Box | None

    def holding(self, sha256: str) -> "RawPicture":
        """The picture, now that its bytes are known: what the catalogue says of others is not true of them."""
        if sha256 == self.known_sha256:
            return self
        return replace(self, arrival=LAST, origin=self.name, official=None, box=None)


def list_raw_pictures(raw: Path, params: PrepareParams) -> tuple[RawPicture, ...]:
    """Every picture file, in the order of the catalogue and of the names of those that it does not know.

    Raises DatasetError for a folder without pictures, and for a label or split that the params ask for and the
    catalogue does not give.
    """
    files = read_class_folders(raw)
    catalogue = {row.file: (place, row) for place, row in enumerate(read_pictures(raw))}
    labels = _name_labels({file.label for file in files}, read_classes(raw), raw, params)
    pictures = []
    for file in files:
        name = file.path.relative_to(raw).as_posix()
        place, row = catalogue.get(name, (LAST, CataloguePicture(name, "", name, "", None)))
        pictures.append(
            RawPicture(
                name=name,
                label=labels[file.label],
                known_sha256=row.sha256,
                arrival=place,
                origin=row.origin,
                official=_parse_split(row.split, raw) if params.official_splits else None,
                box=row.box if params.crop_boxes else None,
            )
        )
    return tuple(sorted(pictures, key=lambda picture: (picture.arrival, picture.name)))


def _name_labels(
    folders: Iterable[str], classes: Mapping[str, ClassParts], raw: Path, params: PrepareParams
) -> dict[str, str]:
    """Class folder -> label."""
    labels = {folder: _name_label(folder, classes, raw, params.labels) for folder in folders}
    strange = sorted(params.label_names.keys() - labels.values())
    if strange:
        raise DatasetError(
            f"Expected labels of the dataset in prepare.label_names, received {', '.join(strange)}. "
            f"The labels are {', '.join(sorted(set(labels.values())))}. Correct params.yaml."
        )
    return {folder: params.label_names.get(label, label) for folder, label in labels.items()}


def _name_label(folder: str, classes: Mapping[str, ClassParts], raw: Path, kind: str) -> str:
    if kind == "folder":
        return folder
    label = classes[folder].label(PARTS_OF_LABELS[kind]) if folder in classes else ""
    if not label:
        raise DatasetError(
            f"Expected {kind.replace('_', ', ')} of the class {folder} in {raw / CLASSES_FILE}, found none. "
            "Add it there, or use `--set prepare.labels=folder`."
        )
    return label


def _parse_split(split: str, raw: Path) -> Split | None:
    known = next((each for each in SPLITS if each == split), None)
    if split and known is None:
        raise DatasetError(
            f"Expected {', '.join(SPLITS)} or nothing as split in {raw / PICTURES_FILE}, received {split!r}. "
            "Correct it."
        )
    return known

"""The plain layout: one folder a class, or `train`, `validation` and `test` with one folder a class each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.catalogue import CLASSES_FILE, PICTURES_FILE, CataloguePicture, ClassParts, read_pictures
from pipelines.datasets.class_folders import read_class_folders
from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.folders import (
    SPLIT_WORDS,
    find_pictures,
    list_folders,
    list_pictures,
    picture_root,
)
from pipelines.datasets.layouts.reading.tables import find_column, read_columns, read_rows
from pipelines.datasets.splits import SPLITS, Split

NEEDS: Final = "a folder for each class with pictures inside, at the top or below train, validation and test"


@dataclass(frozen=True, slots=True)
class ClassRoot:
    """A folder of class folders."""

    folder: Path
    split: Split | None


def recognise(folder: Path) -> str | None:
    """Where its class folders lie."""
    if not folder.is_dir():
        return None
    roots = find_class_roots(folder)
    found = [name for root in roots for name in list_folders(root.folder) if find_pictures(root.folder / name)]
    return _say_evidence(folder, roots, len(set(found))) if found else None


def read(folder: Path) -> Listing:
    """Every picture of every class folder, with what a classes.csv or pictures.csv beside it knows."""
    roots = find_class_roots(folder)
    known = _read_catalogue(folder)
    pictures = tuple(
        _describe(folder, root, file.label, file.path, known)
        for root in roots
        for file in read_class_folders(root.folder)
    )
    labels = {picture.label for picture in pictures}
    classes = _find_class_parts(folder, roots[0].folder, labels)
    evidence = _say_evidence(folder, roots, len(labels))
    if classes:
        evidence += f"; {CLASSES_FILE} tells make, model and year of {len(classes)}"
    return Listing("class_folders", evidence, pictures, classes)


def find_class_roots(folder: Path) -> tuple[ClassRoot, ...]:
    """Where the class folders lie: one root, or one for each split when every folder with pictures is one."""
    root = picture_root(folder)
    inside = list_folders(root)
    splits = [name for name in inside if name.casefold() in SPLIT_WORDS and _holds_class_folders(root / name)]
    others = [name for name in inside if name.casefold() not in SPLIT_WORDS]
    if not splits or any(find_pictures(root / name) for name in others):
        return (ClassRoot(root, None),)
    return tuple(ClassRoot(root / name, SPLIT_WORDS[name.casefold()]) for name in splits)


def _holds_class_folders(folder: Path) -> bool:
    return not list_pictures(folder) and any(list_pictures(folder / name) for name in list_folders(folder))


def _describe(
    folder: Path, root: ClassRoot, label: str, path: Path, known: Mapping[str, CataloguePicture]
) -> SourcePicture:
    name = path.relative_to(folder).as_posix()
    row = known.get(name)
    split = next((split for split in SPLITS if row and row.split == split), root.split)
    return SourcePicture(label, path, name, split, row.box if row else None)


def _read_catalogue(folder: Path) -> dict[str, CataloguePicture]:
    """Rows of a pictures.csv that `vigia data import` wrote, by file: the folder is another's data/raw."""
    if not {"file", "sha256", "origin", "split", "box"} <= set(read_columns(folder / PICTURES_FILE)):
        return {}
    return {row.file: row for row in read_pictures(folder)}


def _find_class_parts(folder: Path, root: Path, labels: set[str]) -> dict[str, ClassParts]:
    """From the classes.csv inside the source or beside it, if it speaks of these classes."""
    for place in dict.fromkeys((folder, root, root.parent, folder.absolute().parent)):
        parts = _read_class_parts(place / CLASSES_FILE)
        if labels & parts.keys():
            return {label: parts[label] for label in sorted(labels & parts.keys())}
    return {}


def _read_class_parts(file: Path) -> dict[str, ClassParts]:
    columns = read_columns(file)
    found = [find_column(columns, names) for names in (("folder",), ("make",), ("model", "model_body"), ("year",))]
    if found[0] is None or not any(found[1:]):
        return {}
    wanted = [column for column in found if column is not None]
    parts = {}
    for row in read_rows(file, wanted):
        by_column = dict(zip(wanted, row, strict=True))
        make, model, year = (by_column.get(column or "", "") for column in found[1:])
        parts[by_column[found[0]]] = ClassParts(make, model, year)
    return parts


def _say_evidence(folder: Path, roots: Sequence[ClassRoot], classes: int) -> str:
    where = [root.folder.relative_to(folder).as_posix() for root in roots if root.folder != folder]
    evidence = f"{classes} class folders" + (f" in {', '.join(where)}" if where else "")
    if roots[0].split is None:
        return evidence
    parent, used = roots[0].folder.parent, {root.folder.name for root in roots}
    flat = [name for name in list_folders(parent) if name not in used and list_pictures(parent / name)]
    return evidence + "".join(f"; {name} has no class folders and is left out" for name in flat)

"""CompCars: web pictures by make, model and year, or surveillance pictures by model, with MATLAB lists of the names.

Yang, Luo, Loy and Tang, "A Large-Scale Car Dataset for Fine-Grained Categorization and Verification", CVPR 2015.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.catalogue import LABEL_PARTS, Box, ClassParts
from pipelines.datasets.layouts.listing import Listing, SourcePicture, class_folder
from pipelines.datasets.layouts.reading.boxes import parse_box
from pipelines.datasets.layouts.reading.folders import find_pictures
from pipelines.datasets.layouts.reading.matlab import read_cells
from pipelines.datasets.layouts.reading.named_files import ABSENT
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError

NEEDS: Final = (
    "image/MAKE/MODEL/YEAR with misc/make_model_name.mat (the folder data), or image/MODEL with sv_make_model_name.mat "
    "(the folder sv_data)"
)
WEB_NAMES: Final = "misc/make_model_name.mat"
SURVEILLANCE_NAMES: Final = "sv_make_model_name.mat"
LONGEST_LABEL_FILE: Final = 4096
"""Bytes: viewpoint, number of boxes, and a box a line."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the two parts of CompCars, as it lies on disk."""

    root: Path
    names: str
    lists: Mapping[Split, str]

    @property
    def is_web(self) -> bool:
        return self.names == WEB_NAMES


WEB_LISTS: Final[Mapping[Split, str]] = {
    "train": "train_test_split/classification/train.txt",
    "test": "train_test_split/classification/test.txt",
}
SURVEILLANCE_LISTS: Final[Mapping[Split, str]] = {"train": "train_surveillance.txt", "test": "test_surveillance.txt"}


def recognise(folder: Path) -> str | None:
    """The MATLAB files of names, by their place; none is opened."""
    return " and ".join(form.names for form in _find_forms(folder)) or None


def read(folder: Path) -> Listing:
    """Class folders are make, model and year (where known) by name; boxes and the official lists are kept.

    Pictures that no list names are labelled by their folder like the others, and have no official split.
    """
    forms = _find_forms(folder)
    if len(forms) != 1:
        came = "both: give one of its two folders" if forms else "neither: give the folder that holds them"
        raise DatasetError(f"Expected {NEEDS}, found in {folder} {came}.")
    form = forms[0]
    images = form.root / "image"
    names, splits = _ClassNames(form), _read_splits(form)
    files = find_pictures(images) if images.is_dir() else []
    shown = images.relative_to(folder).as_posix()
    pictures, rejected = [], []
    for file in files:
        label = names.find_folder(file)
        if label is None:
            reason = f"Expected it in the folders of a number that {form.names} names."
            rejected.append(Rejected(f"{shown}/{file}", reason))
        else:
            box = _read_box(form.root, file)
            pictures.append(SourcePicture(label, images / file, f"{shown}/{file}", splits.get(file), box))
    absent = sorted(splits.keys() - set(files))
    rejected += [Rejected(f"{shown}/{file}", f"{form.lists[splits[file]]} {ABSENT}") for file in absent]
    evidence = f"{form.names} names {len(names.models)} models"
    if splits:
        evidence += f", the official lists {len(splits)} pictures, of which {len(splits) - len(absent)} are there"
    return Listing("compcars", evidence, tuple(pictures), names.classes, tuple(rejected))


class _ClassNames:
    """Class folders by the numbers in a picture's path; grows as pictures are seen."""

    def __init__(self, form: _Form) -> None:
        self.classes: dict[str, ClassParts] = {}
        self._spelled: dict[str, str] = {}
        self._depth = 3 if form.is_web else 1
        file = form.root / form.names
        if form.is_web:
            self.makes, self.models = (_read_column(file, name, 0) for name in ("make_names", "model_names"))
        else:  # one list of both, so that one number leads to make and model
            self.makes, self.models = (_read_column(file, "sv_make_model_name", place) for place in (0, 1))

    def find_folder(self, file: str) -> str | None:
        """Class folder of `make/model/year/picture` or `model/picture`; None where the list has no such model."""
        *folders, _ = file.split("/")
        if len(folders) != self._depth:
            return None
        make, model = _pick(self.makes, folders[0]), _pick(self.models, folders[min(1, self._depth - 1)])
        if make is None or model is None:
            return None
        year = folders[-1] if self._depth > 1 and folders[-1].isdecimal() else ""
        parts = ClassParts(make, _without_make(make, model), year)
        folder = class_folder("_".join(parts.label(LABEL_PARTS).split()))
        # where the list spells a name in two ways: folders that differ only in case cannot stand side by side
        spelled = self._spelled.setdefault(folder.casefold(), folder)
        self.classes.setdefault(spelled, parts)
        return spelled


def _find_forms(folder: Path) -> list[_Form]:
    web = [_Form(root, WEB_NAMES, WEB_LISTS) for root in (folder, folder / "data") if (root / WEB_NAMES).is_file()]
    surveillance = [
        _Form(root, SURVEILLANCE_NAMES, SURVEILLANCE_LISTS)
        for root in (folder, folder / "sv_data")
        if (root / SURVEILLANCE_NAMES).is_file()
    ]
    return web + surveillance


def _read_column(file: Path, variable: str, place: int) -> list[str | None]:
    rows = read_cells(file, variable)
    if any(len(row) <= place or not isinstance(row[place], str | int | None) for row in rows):
        raise DatasetError(f"Expected a list of makes and models in {file}, received other things. Fetch it again.")
    return [" ".join(str(row[place]).split()) if row[place] is not None else None for row in rows]


def _pick(names: Sequence[str | None], written: str) -> str | None:
    """The name of a number from 1; a number stands for itself where the list leaves its name empty."""
    number = int(written) if written.isascii() and written.isdecimal() and len(written) < 9 else 0
    if not 1 <= number <= len(names):
        return None
    return names[number - 1] or str(number)


def _without_make(make: str, model: str) -> str:
    """`Audi Q5` of Audi is Q5."""
    begins = model.casefold().startswith(f"{make.casefold()} ")
    return model[len(make) + 1 :] if begins else model


def _read_splits(form: _Form) -> dict[str, Split]:
    """Path below `image` -> split, of the lists that are there. Raises DatasetError for a picture on both."""
    splits: dict[str, Split] = {}
    for split, name in form.lists.items():
        for line in _read_lines(form.root / name):
            if splits.setdefault(line, split) != split:
                raise DatasetError(
                    f"Expected a picture on one list, {line!r:.80} is on both {' and '.join(form.lists.values())}. "
                    "Fetch them again."
                )
    return splits


def _read_lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"Expected a list of pictures at {file}. {error}. Correct or remove it.") from error


def _read_box(root: Path, file: str) -> Box | None:
    """From label/…/picture.txt: viewpoint, number of boxes, then a box a line."""
    label = (root / "label" / file).with_suffix(".txt")
    try:
        if not label.is_file():
            return None
        with label.open("rb") as stream:
            lines = stream.read(LONGEST_LABEL_FILE).decode("ascii", "replace").splitlines()
    except OSError:  # a box is a help, no condition
        return None
    boxes = [parse_box(line.split(), first_pixel=1) for line in lines if len(line.split()) == 4]
    return boxes[-1] if boxes else None

"""Stanford Cars: pictures by number, and MATLAB lists with class, box and split of each.

Krause, Stark, Deng and Fei-Fei, "3D Object Representations for Fine-Grained Categorization", 3dRR at ICCV 2013.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.datasets.catalogue import Box, ClassParts
from pipelines.datasets.layouts.listing import Listing, SourcePicture, class_folder
from pipelines.datasets.layouts.reading.boxes import make_box
from pipelines.datasets.layouts.reading.folders import find_folder, list_files
from pipelines.datasets.layouts.reading.matlab import read_cells, read_struct
from pipelines.datasets.layouts.reading.named_files import NamedFiles
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError

NEEDS: Final = (
    "cars_train with cars_meta.mat and cars_train_annos.mat (in devkit), cars_test with "
    "cars_test_annos_withlabels.mat, or car_ims with cars_annos.mat"
)
NAMES_FILE: Final = "cars_meta.mat"
TRAIN_FILE: Final = "cars_train_annos.mat"
TEST_FILE: Final = "cars_test_annos_withlabels.mat"
SINGLE_FILE: Final = "cars_annos.mat"

CORNERS: Final = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")
MAKES_OF_TWO_WORDS: Final = ("AM General", "Aston Martin", "Land Rover")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One element of a list."""

    file: str
    class_number: int
    """From 1."""
    box: Box | None
    split: Split


@dataclass(frozen=True, slots=True)
class _AnnotationList:
    """One list, and the folder below which it names pictures."""

    file: Path
    pictures: Path
    split: Split | None
    """None where each element says its own."""


def recognise(folder: Path) -> str | None:
    """The names of the lists and of the folders of pictures; none is opened."""
    lists = _find_lists(folder) if folder.is_dir() else []
    return " and ".join(f"{each.file.name} for {each.pictures.name}" for each in lists) or None


def read(folder: Path) -> Listing:
    """Class folders are the class names with underscores; boxes and the official split are kept.

    A test set whose list has no classes is left out. Raises DatasetError for a class that has no name.
    """
    lists = _find_lists(folder)
    if not lists:
        raise DatasetError(f"Expected {NEEDS}, found not all of one in {folder}. Give the folder that holds them.")
    names = _read_class_names(folder)
    pictures, rejected = [], []
    for each in lists:
        for found in _read_pictures(folder, each, names):
            if isinstance(found, Rejected):
                rejected.append(found)
            else:
                pictures.append(found)
    evidence = f"{recognise(folder)}; {len(names)} class names"
    if find_folder(folder, "cars_test") and len(lists) == 1:
        evidence += f"; cars_test is left out: its labels are in {TEST_FILE}, which is missing"
    classes = {folder_of_class(name): split_class_name(name) for name in names}
    return Listing("stanford_cars", evidence, tuple(pictures), classes, tuple(rejected))


def split_class_name(name: str) -> ClassParts:
    """`AM General Hummer SUV 2000` -> AM General, Hummer SUV, 2000."""
    make = next((make for make in MAKES_OF_TWO_WORDS if name.startswith(f"{make} ")), name.split(" ")[0])
    rest = name.removeprefix(make).split()
    year = rest.pop() if rest and rest[-1].isdecimal() and len(rest[-1]) == 4 else ""
    return ClassParts(make, " ".join(rest), year)


def folder_of_class(name: str) -> str:
    """Underscores for spaces, as in the copies of this set that come as class folders."""
    return class_folder("_".join(name.split()))


def _find_lists(folder: Path) -> list[_AnnotationList]:
    names, train, test = (_find_file(folder, name) for name in (NAMES_FILE, TRAIN_FILE, TEST_FILE))
    train_pictures, test_pictures = find_folder(folder, "cars_train"), find_folder(folder, "cars_test")
    found = []
    if names and train and train_pictures:
        found.append(_AnnotationList(train, train_pictures, "train"))
    if names and test and test_pictures:
        found.append(_AnnotationList(test, test_pictures, "test"))
    single = _find_file(folder, SINGLE_FILE)
    if not found and single and find_folder(folder, "car_ims"):
        found.append(_AnnotationList(single, folder, None))
    return found


def _find_file(folder: Path, name: str) -> Path | None:
    devkit = find_folder(folder, "devkit", "car_devkit")
    inner = find_folder(devkit, "devkit") if devkit else None
    return next((place / name for place in (folder, devkit, inner) if place and name in list_files(place)), None)


def _read_class_names(folder: Path) -> list[str]:
    file = _find_file(folder, NAMES_FILE) or _find_file(folder, SINGLE_FILE) or folder / NAMES_FILE
    names = [cell for row in read_cells(file, "class_names") for cell in row]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise DatasetError(f"Expected a list of class names in {file}, received other things. Fetch it again.")
    return [" ".join(name.split()) for name in names]


def _read_pictures(folder: Path, listed: _AnnotationList, names: Sequence[str]) -> Iterator[SourcePicture | Rejected]:
    files = NamedFiles(listed.pictures, listed.file.name)
    below = listed.pictures.relative_to(folder).as_posix()
    prefix = "" if below == "." else f"{below}/"
    for each in _read_annotations(listed, len(names)):
        found = files.find(each.file)
        if isinstance(found, Rejected):
            yield Rejected(prefix + found.file, found.reason)
        else:
            label = folder_of_class(names[each.class_number - 1])
            yield SourcePicture(label, listed.pictures / found, prefix + found, each.split, each.box)


def _read_annotations(listed: _AnnotationList, classes: int) -> Iterator[Annotation]:
    name, *more = ("fname",) if listed.split else ("relative_im_path", "test")
    for number, row in enumerate(read_struct(listed.file, "annotations", (name, "class", *CORNERS, *more)), 1):
        file, class_number, *corners = row[:6]
        if not isinstance(file, str) or not _is_class(class_number, classes):
            raise DatasetError(
                f"Expected a file name and a class from 1 to {classes} in element {number} of {listed.file}, "
                f"received {file!r:.80} and {class_number!r:.40}. Fetch it again."
            )
        box = make_box(corners, first_pixel=1) if all(isinstance(each, int | float) for each in corners) else None
        yield Annotation(file, int(class_number), box, listed.split or ("test" if row[6] else "train"))


def _is_class(number: Any, classes: int) -> bool:
    return isinstance(number, int | float) and float(number).is_integer() and 1 <= number <= classes

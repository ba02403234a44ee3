"""Small folders laid out like the public datasets, `.mat` files in the shape of the originals."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CARS = ("AM General Hummer SUV 2000", "Audi TT RS Coupe 2012", "Ram C/V Cargo Van Minivan 2012")
CORNERS = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")


def put(folder: Path, *names: str, content: bytes = b"picture") -> Path:
    """Files below `folder`, with the folders that they need; the readers open none of them."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def save_cells(file: Path, **variables: Sequence[Sequence[Any]]) -> None:
    """A cell array for each variable, by rows; None is an empty cell."""
    from scipy.io import savemat

    file.parent.mkdir(parents=True, exist_ok=True)
    savemat(file, {name: make_cells(rows) for name, rows in variables.items()}, do_compression=True)


def make_cells(rows: Sequence[Sequence[Any]]) -> np.ndarray[Any, Any]:
    cells = np.empty((len(rows), len(rows[0])), object)
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            cells[row, column] = np.empty((0, 0)) if value is None else value
    return cells


def make_annotations(rows: Sequence[Mapping[str, Any]]) -> np.ndarray[Any, Any]:
    """MATLAB's struct array of 1 x n, its fields in the order of the first row."""
    annotations = np.empty((1, len(rows)), [(name, object) for name in rows[0]])
    for place, row in enumerate(rows):
        annotations[0, place] = tuple(row.values())
    return annotations


def annotate(file: str, number: int, *, name: str = "fname", **more: Any) -> dict[str, Any]:
    """An element of Stanford's lists: the box is 11 to 30 across and 21 to 60 down, counted from 1."""
    corners = dict(zip(CORNERS, (11, 21, 30, 60), strict=True))
    return {name: file} | corners | {"class": number} | more


def make_stanford_cars(folder: Path, *, test_labels: bool = True) -> Path:
    """Two training pictures, and one of the test split."""
    from scipy.io import savemat

    put(folder, "cars_train/00001.jpg", "cars_train/00002.jpg", "cars_test/00001.jpg")
    save_cells(folder / "devkit" / "cars_meta.mat", class_names=[CARS])
    train = make_annotations([annotate("00001.jpg", 1), annotate("00002.jpg", 3)])
    savemat(folder / "devkit" / "cars_train_annos.mat", {"annotations": train})
    if test_labels:
        test = make_annotations([annotate("00001.jpg", 2)])
        savemat(folder / "cars_test_annos_withlabels.mat", {"annotations": test})
    return folder


def make_compcars(folder: Path) -> Path:
    """The web part: two makes, three models; one picture on each list and one on none."""
    put(folder, "image/1/1/2014/a.jpg", "image/2/2/2012/b.jpg", "image/2/3/unknown/c.jpg")
    put(folder, "label/1/1/2014/a.txt", content=b"4\n1\n11 21 30 60\n")
    file = folder / "misc" / "make_model_name.mat"
    save_cells(file, make_names=[["Audi"], ["Hyundai "]], model_names=[["Audi A4L"], ["i30"], [None]])
    lists = folder / "train_test_split" / "classification"
    put(lists, "train.txt", content=b"1/1/2014/a.jpg\n")
    put(lists, "test.txt", content=b"2/2/2012/b.jpg\n")
    return folder


def make_surveillance(folder: Path) -> Path:
    """The surveillance part: two models, one picture on each list."""
    put(folder, "image/1/a.jpg", "image/2/b.jpg")
    save_cells(folder / "sv_make_model_name.mat", sv_make_model_name=[["Audi", "Audi Q5", 5], ["Ford", "Kuga", 594]])
    put(folder, "train_surveillance.txt", content=b"1/a.jpg\n")
    put(folder, "test_surveillance.txt", content=b"2/b.jpg\n")
    return folder


def make_archive(file: Path, members: Mapping[str, bytes]) -> Path:
    """A tar archive of ordinary files, in the given order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            add_member(tar, name, content)
    return file


def add_member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    tar.addfile(header, io.BytesIO(content))

"""Drawn sample datasets of the built-in classifiers."""

from functools import partial
from pathlib import Path
from typing import Final

from pipelines.datasets import drawn_cars
from pipelines.datasets.dvc import check_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.staging import dataset_lock, recover_folder, replace_folder, staging_folder
from pipelines.datasets.versions import (
    DatasetChange,
    check_out_dataset,
    dataset_path,
    pointer_path,
    record_dataset_version,
)
from pipelines.errors import DatasetError
from pipelines.params import load_params

DRAWN_MARK: Final = "This dataset is drawn."
README: Final = """# {classifier}: a drawn dataset

{mark} A program made its {images} pictures of {classes} invented makes and models (seed {seed}), so that Vigía can be
tried without a download. No photograph is among them: a model trained here knows drawings, not cars.

Made by `vigia data sample {classifier} --images {images} --seed {seed}`; the same numbers give the same bytes.
Importing pictures of your own replaces it: `vigia data import FOLDER --classifier {classifier}`.
"""


def draw_sample(
    workspace: Path, classifier: str, *, images: int | None = None, seed: int | None = None
) -> DatasetChange:
    """Draw data/raw/<classifier> anew and record it; `images` and `seed` come from params.yaml unless given.

    Raises DatasetError when the classifier has no drawn sample, or when its dataset holds pictures that were not
    drawn; ParamsError for an unknown classifier.
    """
    params = load_params(workspace).classifier(classifier)
    images = params.sample.images if images is None else images
    seed = params.sample.seed if seed is None else seed
    _check_drawable(classifier, images, params.prepare.min_per_class)
    check_repository(workspace)
    check_dvc(workspace)
    raw = workspace / dataset_path(classifier)
    with dataset_lock(workspace):
        recover_folder(raw, workspace / pointer_path(classifier))
        _check_not_imported(workspace, classifier)
        with staging_folder(raw) as staged:
            drawn_cars.draw_cars(staged, images, seed)
            _write_readme(staged, classifier, images, seed)
            version = replace_folder(raw, staged, partial(record_dataset_version, workspace, classifier))
    return DatasetChange(
        classifier=classifier,
        path=version.path,
        md5=version.md5,
        images=images,
        classes=len(drawn_cars.CLASS_NAMES),
        added=images,
        duplicates=0,
        rejected=(),
        git_commit=None if version.dirty else version.git_commit,
    )


def draw_pictures(
    workspace: Path, classifier: str, folder: Path, *, images: int | None = None, seed: int | None = None
) -> int:
    """Draw into class folders below `folder`, replacing an earlier drawing there; returns how many.

    Raises DatasetError for a folder that holds anything else.
    """
    sample = load_params(workspace).classifier(classifier).sample
    images = sample.images if images is None else images
    _check_drawable(classifier, images, min_per_class=1)
    if folder.exists() and any(folder.iterdir()) and not is_drawn(folder):
        raise DatasetError(
            f"Expected an empty folder, or one drawn before; {folder} holds other files. Name another one."
        )
    seed = sample.seed if seed is None else seed
    with staging_folder(folder) as staged:
        drawn_cars.draw_cars(staged, images, seed)
        _write_readme(staged, classifier, images, seed)
        replace_folder(folder, staged, lambda: None)
    return images


def is_drawn(folder: Path) -> bool:
    """True for a dataset folder whose README says that it is drawn."""
    readme = folder / "README.md"
    return readme.is_file() and DRAWN_MARK in readme.read_text(encoding="utf-8", errors="replace")


def _check_drawable(classifier: str, images: int, min_per_class: int) -> None:
    if classifier != "cars":
        raise DatasetError(
            f"Expected a classifier with a drawn sample (cars), received {classifier!r}. "
            f"Import pictures instead: `vigia data import FOLDER --classifier {classifier}`."
        )
    fewest = min_per_class * len(drawn_cars.CLASS_NAMES)
    if images < fewest:
        raise DatasetError(
            f"Expected at least {fewest} pictures ({min_per_class} in each of {len(drawn_cars.CLASS_NAMES)} classes), "
            f"received --images {images}."
        )


def _check_not_imported(workspace: Path, classifier: str) -> None:
    raw = workspace / dataset_path(classifier)
    check_out_dataset(workspace, classifier)
    if raw.is_dir() and any(raw.iterdir()) and not is_drawn(raw):
        raise DatasetError(
            f"Expected no dataset of {classifier}, or a drawn one; {raw} holds pictures that were not drawn. "
            f"To draw all the same, remove {raw} and {raw}.dvc first."
        )


def _write_readme(folder: Path, classifier: str, images: int, seed: int) -> None:
    classes = len(drawn_cars.CLASS_NAMES)
    text = README.format(mark=DRAWN_MARK, classifier=classifier, images=images, classes=classes, seed=seed)
    (folder / "README.md").write_text(text, encoding="utf-8")

"""Drawn sample datasets of the built-in classifiers."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.datasets import drawn_animals, drawn_cars, drawn_cartoons, drawn_faces
from pipelines.datasets.changes import DatasetChange
from pipelines.datasets.checkout import check_out_dataset
from pipelines.datasets.drawn_mark import DRAWN_MARK, is_drawn
from pipelines.datasets.drawn_pictures import Drawing, draw_folder
from pipelines.datasets.dvc import check_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.staging import dataset_lock, recover_folder, replace_folder, staging_folder
from pipelines.datasets.versions import (
    dataset_path,
    pointer_path,
    record_dataset_version,
)
from pipelines.errors import DatasetError
from pipelines.params import load_params

if TYPE_CHECKING:
    from pipelines.datasets.drawn_video import LabelSpan

DRAWINGS: Final[dict[str, Drawing]] = {
    "cars": drawn_cars,
    "cats_dogs": drawn_animals,
    "celebrities": drawn_faces,
    "simpsons": drawn_cartoons,
}
README: Final = """# {classifier}: a drawn dataset

{mark} A program made its {images} pictures of {classes} {subject} (seed {seed}), so that Vigía can be
tried without a download. No photograph is among them: a model trained here knows drawings, not {things}.

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
    drawing = _find_drawing(classifier)
    _check_count(drawing, images, params.prepare.min_per_class)
    check_repository(workspace)
    check_dvc(workspace)
    raw = workspace / dataset_path(classifier)
    with dataset_lock(workspace):
        recover_folder(raw, workspace / pointer_path(classifier))
        _check_not_imported(workspace, classifier)
        with staging_folder(raw) as staged:
            _draw(staged, classifier, images, seed)
            version = replace_folder(raw, staged, partial(record_dataset_version, workspace, classifier))
    return DatasetChange(
        classifier=classifier,
        path=version.path,
        md5=version.md5,
        images=images,
        classes=len(drawing.CLASS_NAMES),
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
    _check_count(_find_drawing(classifier), images, min_per_class=1)
    if folder.exists() and any(folder.iterdir()) and not is_drawn(folder):
        raise DatasetError(
            f"Expected an empty folder, or one drawn before; {folder} holds other files. Name another one."
        )
    seed = sample.seed if seed is None else seed
    with staging_folder(folder) as staged:
        _draw(staged, classifier, images, seed)
        replace_folder(folder, staged, lambda: None)
    return images


def draw_video(workspace: Path, classifier: str, file: Path, *, seed: int | None = None) -> "tuple[LabelSpan, ...]":
    """Draw a video in which things of the classes come and go, and its timeline beside it; returns the timeline.

    Raises DatasetError for a classifier without a drawing and for a file that cannot become a video.
    """
    from pipelines.datasets.drawn_video import DrawnVideo, write_video

    sample = load_params(workspace).classifier(classifier).sample
    return write_video(file, DrawnVideo(_find_drawing(classifier), sample.seed if seed is None else seed))


def _find_drawing(classifier: str) -> Drawing:
    if classifier not in DRAWINGS:
        raise DatasetError(
            f"Expected a classifier with a drawn sample ({', '.join(DRAWINGS)}), received {classifier!r}. "
            f"Import pictures instead: `vigia data import FOLDER --classifier {classifier}`."
        )
    return DRAWINGS[classifier]


def _check_count(drawing: Drawing, images: int, min_per_class: int) -> None:
    classes = len(drawing.CLASS_NAMES)
    if images < min_per_class * classes:
        raise DatasetError(
            f"Expected at least {min_per_class * classes} pictures ({min_per_class} in each of {classes} classes), "
            f"received --images {images}."
        )


def _draw(folder: Path, classifier: str, images: int, seed: int) -> None:
    drawing = _find_drawing(classifier)
    draw_folder(folder, drawing.CLASS_NAMES, drawing.draw_picture, images, seed)
    text = README.format(
        mark=DRAWN_MARK,
        classifier=classifier,
        images=images,
        classes=len(drawing.CLASS_NAMES),
        subject=drawing.SUBJECT,
        things=drawing.THINGS,
        seed=seed,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _check_not_imported(workspace: Path, classifier: str) -> None:
    raw = workspace / dataset_path(classifier)
    check_out_dataset(workspace, classifier)
    if raw.is_dir() and any(raw.iterdir()) and not is_drawn(raw):
        raise DatasetError(
            f"Expected no dataset of {classifier}, or a drawn one; {raw} holds pictures that were not drawn. "
            f"To draw all the same, remove {raw} and {raw}.dvc first."
        )

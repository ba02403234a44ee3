"""People: a folder for each, whole photographs; the largest face of each becomes its box.

Only for the classifier `celebrities` or on demand: nothing in the folder tells people from other classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.layouts import class_folders
from pipelines.datasets.layouts.listing import Listing, SourcePicture, read_picture
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.faces.detection import WEIGHTS_FILE, Face, FaceDetector, largest_face
from pipelines.images import Image, decode_image
from pipelines.settings import load_settings

NEEDS: Final = (
    "a folder for each person with photographs inside, and the classifier celebrities or --layout celebrities; "
    f"faces are cropped when {WEIGHTS_FILE} is in VIGIA_WEIGHTS_DIR"
)


def recognise(folder: Path) -> str | None:
    """Class folders."""
    evidence = class_folders.recognise(folder)
    return evidence.replace("class folders", "person folders") if evidence else None


def read(folder: Path) -> Listing:
    """Class folders with the largest face of each picture as its box; a picture without a face is rejected.

    Without the weights, whole pictures, and the evidence says so. This is the one layout that decodes pictures.
    """
    people = class_folders.read(folder)
    evidence = people.evidence.replace("class folders", "person folders")
    weights = load_settings().weights_dir
    if weights is None or not (weights / WEIGHTS_FILE).is_file():
        evidence += f"; whole pictures: {WEIGHTS_FILE}, which finds faces, is not in VIGIA_WEIGHTS_DIR"
        return replace(people, layout="celebrities", evidence=evidence)
    pictures, rejected = find_faces(people.pictures, FaceDetector.load(weights).detect)
    evidence += f"; a face in {len(pictures)} of {len(people.pictures)} pictures"
    return replace(people, layout="celebrities", evidence=evidence, pictures=pictures, rejected=rejected)


def find_faces(
    pictures: Sequence[SourcePicture], detect: Callable[[Image], Sequence[Face]]
) -> tuple[tuple[SourcePicture, ...], tuple[Rejected, ...]]:
    """Pictures with the box of their largest face, and those without one, with the reason."""
    found, rejected = [], []
    for each in map_in_threads(lambda picture: _find_face(picture, detect), pictures):
        if isinstance(each, Rejected):
            rejected.append(each)
        else:
            found.append(each)
    return tuple(found), tuple(rejected)


def _find_face(picture: SourcePicture, detect: Callable[[Image], Sequence[Face]]) -> SourcePicture | Rejected:
    try:
        image = decode_image(read_picture(picture, DATASET_LIMITS.max_bytes), limits=DATASET_LIMITS)
    except (ImageError, OSError):
        return picture  # whoever imports it says what is wrong with it
    face = largest_face(detect(image))
    return Rejected(picture.name, "No face found.") if face is None else replace(picture, box=face.box)

"""From a decoded picture to what a network sees: the same code in training, evaluation and serving."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np

from pipelines.images import Image, resize_image

if TYPE_CHECKING:
    from pipelines.faces.detection import FaceDetector

Subject = Literal["picture", "face"]
"""What a network looks at: the whole picture, or its largest face."""

DESCRIPTIONS: Final[dict[Subject, str]] = {
    "picture": "decode to RGB, EXIF upright; Pillow bilinear to the input size, aspect not kept; uint8 0-255 in NHWC",
    "face": "decode to RGB, EXIF upright; the largest face by YuNet, aligned by five landmarks to 112x112 (ArcFace's "
    "template, bilinear); uint8 0-255 in NHWC",
}
"""In words; their hash is a tag of a model version."""


class Preprocessing(Protocol):
    """Of one network."""

    def __call__(self, image: Image) -> Image | None:
        """RGB uint8 of the network's input size; None where the picture does not hold what the network looks at."""
        ...


@dataclass(frozen=True, slots=True)
class WholePicture:
    """The picture squashed to the input size."""

    size_hw: tuple[int, int]

    def __call__(self, image: Image) -> Image:
        return resize_image(image, self.size_hw)


@dataclass(frozen=True, slots=True)
class LargestFace:
    """The largest face, aligned to 112x112; None in a picture without one."""

    detector: "FaceDetector"

    def __call__(self, image: Image) -> Image | None:
        from pipelines.faces.alignment import align_face
        from pipelines.faces.detection import largest_face

        face = largest_face(self.detector.detect(image))
        return None if face is None else align_face(image, face.landmarks)


def build_preprocessing(subject: Subject, size_hw: tuple[int, int], detector: Path | None) -> Preprocessing:
    """`detector` is the face detector's file or the folder that holds it. Raises ModelError when it is needed and
    not there."""
    if subject == "picture":
        return WholePicture(size_hw)
    from pipelines.errors import ModelError
    from pipelines.faces.detection import WEIGHTS_FILE, FaceDetector

    if detector is None:
        raise ModelError(
            f"Expected {WEIGHTS_FILE} to find faces with, VIGIA_WEIGHTS_DIR is not set. Set it to its folder."
        )
    return LargestFace(FaceDetector.load(detector))


def prepare_or_squash(preprocessing: Preprocessing, image: Image, size_hw: tuple[int, int]) -> Image:
    """For pictures that must not be left out, such as those of a test: without a face, the whole picture."""
    prepared = preprocessing(image)
    return resize_image(image, size_hw) if prepared is None else np.asarray(prepared, np.uint8)

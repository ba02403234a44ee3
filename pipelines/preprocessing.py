"""From a decoded picture to what a network sees: the same code in training, evaluation and serving."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np

from pipelines.images import DEFAULT_LIMITS, Image, ImageLimits, resize_image
from pipelines.scaled_images import Side, decode_for, squash_image

if TYPE_CHECKING:
    from pipelines.faces.detection import FaceDetector

Subject = Literal["picture", "face"]
"""What a network looks at: the whole picture, or its largest face."""

Decoding = Literal["full", "scaled"]
"""Whether all pixels of a JPEG are made before it is squashed, or an eighth, a quarter or a half of each side where
that is enough."""

DESCRIPTIONS: Final[dict[Subject, str]] = {
    "picture": "decode to RGB, EXIF upright; Pillow bilinear to the input size, aspect not kept; uint8 0-255 in NHWC",
    "face": "decode to RGB, EXIF upright; the largest face by YuNet, aligned by five landmarks to 112x112 (ArcFace's "
    "template, bilinear); uint8 0-255 in NHWC",
}
"""In words; their hash is a tag of a model version."""
SCALED_DESCRIPTION: Final = (
    "decode to RGB, a JPEG by libjpeg's scale of 1/8, 1/4 or 1/2, the smallest that leaves both sides at least the "
    "input size, EXIF upright; OpenCV INTER_LINEAR_EXACT to the input size, Pillow bilinear where a side is more than "
    "three times as long, aspect not kept; uint8 0-255 in NHWC"
)
"""Of whole pictures that are decoded `scaled`."""


class Preprocessing(Protocol):
    """Of one network."""

    def __call__(self, image: Image) -> Image | None:
        """RGB uint8 of the network's input size; None where the picture does not hold what the network looks at."""
        ...


@dataclass(frozen=True, slots=True)
class WholePicture:
    """The picture squashed to the input size, which is a square where it is decoded scaled."""

    size_hw: tuple[int, int]
    decoding: Decoding = "full"

    @property
    def decode_side(self) -> Side:
        return self.size_hw[0] if self.decoding == "scaled" else None

    def __call__(self, image: Image) -> Image:
        side = self.decode_side
        return resize_image(image, self.size_hw) if side is None else squash_image(image, side)


@dataclass(frozen=True, slots=True)
class LargestFace:
    """The largest face, aligned to 112x112; None in a picture without one."""

    detector: "FaceDetector"

    def __call__(self, image: Image) -> Image | None:
        from pipelines.faces.alignment import align_face
        from pipelines.faces.detection import largest_face

        face = largest_face(self.detector.detect(image))
        return None if face is None else align_face(image, face.landmarks)


@dataclass(frozen=True, slots=True)
class OrWhole:
    """For pictures that must not be left out, such as those of a test: without a face, the whole picture."""

    preprocessing: Preprocessing
    size_hw: tuple[int, int]

    @property
    def decode_side(self) -> Side:
        return find_side(self.preprocessing)

    def __call__(self, image: Image) -> Image:
        return prepare_or_squash(self.preprocessing, image, self.size_hw)


def settle_decoding(subject: Subject, wanted: Decoding) -> Decoding:
    """Faces are looked for among all pixels."""
    return wanted if subject == "picture" else "full"


def describe_preprocessing(subject: Subject, decoding: Decoding) -> str:
    return SCALED_DESCRIPTION if settle_decoding(subject, decoding) == "scaled" else DESCRIPTIONS[subject]


def find_side(looker: object) -> Side:
    """For what a classifier, or its preprocessing, has pictures decoded; one that does not say gets all pixels."""
    side: Side = getattr(looker, "decode_side", None)
    return side


def see_picture(preprocessing: Preprocessing, encoded: bytes, *, limits: ImageLimits = DEFAULT_LIMITS) -> Image | None:
    """What the network sees of a picture. Raises ImageError as `decode_image` does."""
    return preprocessing(decode_for(encoded, find_side(preprocessing), limits=limits))


def build_preprocessing(
    subject: Subject, size_hw: tuple[int, int], detector: Path | None, decoding: Decoding = "full"
) -> Preprocessing:
    """`detector` is the face detector's file or the folder that holds it. Raises ModelError when it is needed and
    not there."""
    if subject == "picture":
        return WholePicture(size_hw, decoding)
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

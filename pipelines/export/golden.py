"""Golden pictures: a few, hard ones among them, with the answers that every copy of a model must give again."""

import hashlib
import heapq
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.datasets.shards import PreparedPicture
from pipelines.errors import ModelError
from pipelines.images import ORIENTATION_TAG, Image, decode_image
from pipelines.preprocessing import Preprocessing

PLAIN_PICTURES: Final = 8
LONGEST_SIDE: Final = 224
TINY_SIDE: Final = 20
TURNED_BY_90: Final = 6
"""EXIF's word for a picture that lies on its side."""


@dataclass(frozen=True, slots=True)
class GoldenPictures:
    """At most 16 small JPEGs, with what Keras said of them."""

    encoded: Mapping[str, bytes]
    """By name: `test-0`, ..., `tiny`, `dark`, `grey`, ..."""
    probabilities: NDArray[np.float32]
    """(pictures, classes), calibrated; equal ones where there is nothing to look at."""

    def save(self, file: Path) -> None:
        sizes = np.array([len(each) for each in self.encoded.values()], np.int64)
        digests = np.array([hashlib.sha256(each).hexdigest() for each in self.encoded.values()], "S64")
        np.savez(
            file,
            jpegs=np.frombuffer(b"".join(self.encoded.values()), np.uint8),
            sizes=sizes,
            sha256=digests,
            names=np.array(list(self.encoded), "S16"),
            probabilities=self.probabilities.astype(np.float32),
        )

    @classmethod
    def load(cls, file: Path) -> "GoldenPictures":
        """Raises ModelError for a file of another kind or a picture with other bytes; nothing in it is executed."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                sizes, probabilities = arrays["sizes"], arrays["probabilities"].astype(np.float32)
                parts = np.split(arrays["jpegs"], np.cumsum(sizes)[:-1])
                names = [name.decode("ascii") for name in arrays["names"]]
                digests = [digest.decode("ascii") for digest in arrays["sha256"]]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ModelError(f"Expected golden pictures at {file}. {error}. Train the model again.") from error
        encoded = dict(zip(names, (part.tobytes() for part in parts), strict=False))
        actual = [hashlib.sha256(each).hexdigest() for each in encoded.values()]
        if actual != digests or len(probabilities) != len(encoded):
            raise ModelError(f"Expected the golden pictures that were saved in {file}. Train the model again.")
        return cls(encoded, probabilities)

    def images(self) -> list[Image]:
        return [decode_image(each) for each in self.encoded.values()]


def build_golden(model: Any, preprocessing: Preprocessing, encoded: Mapping[str, bytes]) -> GoldenPictures:
    """Pictures with the answers of the calibrated Keras model."""
    prepared = [preprocessing(decode_image(each)) for each in encoded.values()]
    seen = [image for image in prepared if image is not None]
    classes = int(model.output_shape[-1])
    probabilities = np.full((len(encoded), classes), 1 / classes, np.float32)
    if seen:
        answers = np.asarray(model.predict(np.stack(seen), verbose=0), np.float32)
        # rounded: the last bits change with the number of threads, and would make another artefact of the same model
        probabilities[[image is not None for image in prepared]] = answers.round(6)
    return GoldenPictures(encoded, probabilities)


def choose_golden(pictures: Iterable[PreparedPicture]) -> dict[str, bytes]:
    """The first of a split by hash, and hard ones made of them; the same pictures give the same bytes."""
    chosen = heapq.nsmallest(PLAIN_PICTURES, pictures, key=lambda picture: picture.sha256)
    small = [_shrink(decode_image(picture.encoded), LONGEST_SIDE) for picture in chosen]
    golden = {f"test-{number}": _encode(picture) for number, picture in enumerate(small)}
    first, second, third = (small * 3)[:3]
    turned = PillowImage.Exif()
    turned[ORIENTATION_TAG] = TURNED_BY_90
    return golden | {
        "tiny": _encode(first.resize((TINY_SIDE, TINY_SIDE))),
        "dark": _encode(second.point(lambda value: value // 8)),
        "bright": _encode(second.point(lambda value: 255 - (255 - value) // 8)),
        "grey": _encode(third.convert("L")),
        "turned": _encode(first, exif=turned),
        "wide": _encode(second.resize((LONGEST_SIDE, TINY_SIDE))),
        "coarse": _encode(third, quality=8),
    }


def _shrink(image: Image, longest: int) -> PillowImage.Image:
    picture = PillowImage.fromarray(image)
    picture.thumbnail((longest, longest))
    return picture


def _encode(picture: PillowImage.Image, *, quality: int = 90, exif: PillowImage.Exif | None = None) -> bytes:
    with io.BytesIO() as stream:
        picture.save(stream, "JPEG", quality=quality, exif=exif or b"")
        return stream.getvalue()

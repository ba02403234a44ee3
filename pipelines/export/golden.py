"""Golden pictures chosen from a dataset and answered by Keras: what every copy of a model must say again."""

import heapq
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from pipelines.datasets.shards import PreparedPicture
from pipelines.golden import GoldenPictures
from pipelines.images import ORIENTATION_TAG, Image, decode_image
from pipelines.preprocessing import Preprocessing, see_picture

PLAIN_PICTURES: Final = 8
LONGEST_SIDE: Final = 224
TINY_SIDE: Final = 20
TURNED_BY_90: Final = 6
"""EXIF's word for a picture that lies on its side."""

Answer = Callable[[Sequence[Image]], Any]
"""(pictures, classes) of prepared pictures."""


def build_golden(model: Any, preprocessing: Preprocessing, encoded: Mapping[str, bytes]) -> GoldenPictures:
    """Pictures with the answers of the calibrated Keras model."""
    classes = int(model.output_shape[-1])
    return answer_golden(lambda images: model.predict(np.stack(images), verbose=0), classes, preprocessing, encoded)


def answer_golden(
    answer: Answer, classes: int, preprocessing: Preprocessing, encoded: Mapping[str, bytes]
) -> GoldenPictures:
    """Pictures with what `answer` says of those in which there is something to look at."""
    prepared = [see_picture(preprocessing, each) for each in encoded.values()]
    seen = [image for image in prepared if image is not None]
    probabilities = np.full((len(encoded), classes), 1 / classes, np.float32)
    if seen:
        answers = np.asarray(answer(seen), np.float32)
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

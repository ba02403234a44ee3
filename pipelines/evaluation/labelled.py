"""Labelled pictures to measure a model with: the test split of a prepared dataset, or any folder in a known layout."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.shards import load_class_names, read_split
from pipelines.errors import DatasetError, ImageError
from pipelines.images import Image, decode_image


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture, still encoded."""

    name: str
    """Its path, for people."""
    label: str
    sha256: str
    encoded: bytes


def read_test_split(prepared: Path) -> tuple[LabelledPicture, ...]:
    """The test pictures of data/prepared/<classifier>. Raises DatasetError when it was never prepared."""
    class_names = load_class_names(prepared)
    return tuple(
        LabelledPicture(each.file, class_names[each.label_index], each.sha256, each.encoded)
        for each in read_split(prepared, "test")
    )


def read_labelled_folder(folder: Path) -> tuple[LabelledPicture, ...]:
    """Every readable picture of a folder; its layout is recognised. Raises DatasetError when none is readable."""
    from pipelines.datasets.layouts.listing import read_picture
    from pipelines.datasets.layouts.recognition import read_source

    pictures = []
    for each in read_source(folder).pictures:
        try:
            encoded = read_picture(each, DATASET_LIMITS.max_bytes)
            decode_image(encoded, limits=DATASET_LIMITS)
        except (ImageError, DatasetError, OSError):
            continue  # a model is measured with what it could see
        digest = hashlib.sha256(encoded).hexdigest()
        pictures.append(LabelledPicture(each.name, each.label, digest, encoded))
    if not pictures:
        raise DatasetError(f"Expected labelled pictures in {folder}, none of them can be read.")
    return tuple(pictures)


def decode_pictures(pictures: Sequence[LabelledPicture]) -> Iterator[Image]:
    """One after the other, as a worker would decode them."""
    return (decode_image(picture.encoded, limits=DATASET_LIMITS) for picture in pictures)

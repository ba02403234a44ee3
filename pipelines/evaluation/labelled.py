"""Labelled pictures to measure a model with: the test split of a prepared dataset, or any folder in a known layout."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.datasets.boxes import crop_box
from pipelines.datasets.catalogue import Box
from pipelines.datasets.class_folders import DATASET_LIMITS, is_picture_name
from pipelines.datasets.inventory import PARTS_OF_LABELS
from pipelines.datasets.shards import load_class_names, read_split
from pipelines.errors import DatasetError, ImageError
from pipelines.images import Image, check_image, decode_image
from pipelines.scaled_images import Side, decode_for
from pipelines.stage_params import PrepareParams
from pipelines.training.pictures import map_ahead

if TYPE_CHECKING:
    from pipelines.datasets.layouts.listing import Listing, SourcePicture


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture, still encoded."""

    name: str
    """Its path, for people."""
    label: str
    sha256: str
    encoded: bytes
    box: Box | None = None
    """What is looked at of it; None: all."""
    box_margin: float = 0.0


def read_test_split(prepared: Path) -> tuple[LabelledPicture, ...]:
    """The test pictures of data/prepared/<classifier>. Raises DatasetError when it was never prepared."""
    class_names = load_class_names(prepared)
    return tuple(
        LabelledPicture(each.file, class_names[each.label_index], each.sha256, each.encoded)
        for each in read_split(prepared, "test")
    )


def read_labelled_folder(folder: Path, classifier: str, params: PrepareParams) -> tuple[LabelledPicture, ...]:
    """Every readable picture of a folder, labelled and cut as `prepare` would; its layout is recognised.

    Raises DatasetError when none is readable.
    """
    from pipelines.datasets.layouts.listing import read_picture
    from pipelines.datasets.layouts.recognition import read_source

    listing = read_source(folder, classifier=classifier)

    def read(source: "SourcePicture") -> LabelledPicture | None:
        try:
            encoded = read_picture(source, DATASET_LIMITS.max_bytes)
            picture = LabelledPicture(
                name=source.name,
                label=_name_label(source, listing, params),
                sha256=hashlib.sha256(encoded).hexdigest(),
                encoded=encoded,
                box=source.box if params.crop_boxes else None,
                box_margin=params.box_margin,
            )
            _check(picture)
        except (ImageError, DatasetError, OSError):
            return None  # a model is measured with what it could see
        return picture

    return _readable(map_ahead(read, listing.pictures), folder)


def read_any_pictures(folder: Path) -> tuple[LabelledPicture, ...]:
    """Every readable picture below a folder, whatever it shows. Raises DatasetError when there is none."""

    def read(file: Path) -> LabelledPicture | None:
        try:
            encoded = file.read_bytes()
            check_image(encoded, limits=DATASET_LIMITS)
        except (ImageError, OSError):
            return None
        return LabelledPicture(str(file.relative_to(folder)), "", hashlib.sha256(encoded).hexdigest(), encoded)

    files = sorted(
        Path(parent, name) for parent, _, names in os.walk(folder) for name in names if is_picture_name(name)
    )
    return _readable(map_ahead(read, files), folder)


def decode_pictures(pictures: Sequence[LabelledPicture], side: Side = None) -> Iterator[Image]:
    """One after the other, as a worker would decode them; the next few are decoded ahead."""
    return map_ahead(partial(decode_picture, side=side), pictures)


def decode_picture(picture: LabelledPicture, side: Side = None) -> Image:
    """As a network wants it that has pictures decoded for `side`; cut to its box, where it has one."""
    if picture.box is None:
        return decode_for(picture.encoded, side, limits=DATASET_LIMITS)
    return crop_box(decode_image(picture.encoded, limits=DATASET_LIMITS), picture.box, picture.box_margin)


def _check(picture: LabelledPicture) -> None:
    if picture.box is None:
        check_image(picture.encoded, limits=DATASET_LIMITS)
    else:
        decode_picture(picture)


def _name_label(source: "SourcePicture", listing: "Listing", params: PrepareParams) -> str:
    parts = listing.classes.get(source.label)
    kind = PARTS_OF_LABELS.get(params.labels)
    label = parts.label(kind) if parts and kind else source.label
    return params.label_names.get(label, label)


def _readable(found: Iterable[LabelledPicture | None], folder: Path) -> tuple[LabelledPicture, ...]:
    pictures = tuple(picture for picture in found if picture is not None)
    if not pictures:
        raise DatasetError(f"Expected pictures in {folder}, none that can be read is there.")
    return pictures

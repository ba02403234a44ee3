"""Every picture decoded once, in threads: what is kept of it goes to two files, what is known of it into memory."""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.datasets.boxes import crop_box
from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.inventory import RawPicture
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.measures import Measures, measure_picture
from pipelines.datasets.perceptual_hash import LOOK_BYTES, Look, hash_look, take_look
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.images import DEFAULT_LIMITS, Image, decode_image, resize_image
from pipelines.stage_params import PrepareParams

JPEG_QUALITY: Final = 92
JPEG_MAGIC: Final = b"\xff\xd8\xff"

_large = Lock()
"""Held while a file beyond the limits of a frame is decoded: one of 80 megapixels takes 600 MB."""


@dataclass(frozen=True, slots=True)
class SpooledPicture:
    """A usable picture whose encoded bytes wait in the spool."""

    raw: RawPicture
    sha256: str
    perceptual_hash: str
    width: int
    height: int
    """Pixels of what is used, before it is scaled down."""
    measures: Measures
    place: int
    """Row of its look."""
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Spool:
    """What is left of a folder of pictures when all have been decoded."""

    pictures: tuple[SpooledPicture, ...]
    rejected: tuple[Rejected, ...]
    encoded: BinaryIO
    """Each picture's bytes at its offset."""
    looks: NDArray[np.uint8]
    """(pictures, LOOK_BYTES), on disk."""

    def read(self, picture: SpooledPicture) -> bytes:
        self.encoded.seek(picture.offset)
        return self.encoded.read(picture.size)


def spool_pictures(
    folder: Path, pictures: Iterable[RawPicture], params: PrepareParams, encoded: BinaryIO, looks: BinaryIO
) -> Spool:
    """Decode every picture of `folder` once, into two empty files; memory holds a few dozen encoded ones at most."""
    kept: list[SpooledPicture] = []
    rejected: list[Rejected] = []
    for outcome in map_in_threads(partial(_digest, folder, params), pictures):
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
            continue
        picture, look, content = outcome
        kept.append(replace(picture, place=len(kept), offset=encoded.tell()))
        encoded.write(content)
        looks.write(look.pack())
    looks.flush()
    packed = np.memmap(looks, np.uint8, "r", shape=(len(kept), LOOK_BYTES)) if kept else np.zeros((0, LOOK_BYTES))
    return Spool(tuple(kept), tuple(rejected), encoded, np.asarray(packed, np.uint8))


def _digest(folder: Path, params: PrepareParams, raw: RawPicture) -> tuple[SpooledPicture, Look, bytes] | Rejected:
    try:
        content = (folder / raw.name).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        raw = raw.holding(sha256)
        image = _decode(content)
        if raw.box is not None:
            image = crop_box(image, raw.box, params.box_margin)
    except (ImageError, OSError) as error:
        return Rejected(raw.name, " ".join(str(error).split()))
    height, width = image.shape[:2]
    encoded = _encode(content, image, params, cropped=raw.box is not None)
    look = take_look(image)
    picture = SpooledPicture(
        raw=raw,
        sha256=sha256,
        perceptual_hash=hash_look(look),
        width=width,
        height=height,
        measures=measure_picture(image, len(content)),
        place=0,
        offset=0,
        size=len(encoded),
    )
    return picture, look, encoded


def _decode(content: bytes) -> Image:
    if len(content) <= DEFAULT_LIMITS.max_bytes:
        return decode_image(content, limits=DATASET_LIMITS)
    with _large:
        return decode_image(content, limits=DATASET_LIMITS)


def _encode(content: bytes, image: Image, params: PrepareParams, *, cropped: bool) -> bytes:
    """The file's own bytes where they may stay, else a JPEG that every reader's limits allow."""
    height, width = image.shape[:2]
    fits = len(content) <= DEFAULT_LIMITS.max_bytes and height * width <= DEFAULT_LIMITS.max_pixels
    small = max(height, width) <= params.max_side and content.startswith(JPEG_MAGIC)
    if fits and not cropped and (params.encoding == "original" or small):
        return content
    scale = min(1.0, params.max_side / max(height, width))
    shortest = DEFAULT_LIMITS.min_side
    scaled = resize_image(image, (max(shortest, round(height * scale)), max(shortest, round(width * scale))))
    stream = io.BytesIO()
    PillowImage.fromarray(scaled).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()

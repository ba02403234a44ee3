"""Prepared pictures as a training reads them: a split in memory, or one after the other."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.shards import PreparedPicture, read_split
from pipelines.images import Image, decode_image, resize_image

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Pictures:
    """A split in memory, decoded and squashed by the code that serving uses."""

    images: NDArray[np.uint8]
    """(pictures, height, width, 3), RGB."""
    labels: NDArray[np.int64]
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    """Of the files as they were imported."""


def load_pictures(prepared: Path, split: str, image_size: int) -> Pictures:
    """Every picture of a split as (image_size, image_size)."""

    def decode(picture: PreparedPicture) -> Image:
        return resize_image(decode_image(picture.encoded), (image_size, image_size))

    pictures = list(read_split(prepared, split))
    images = np.empty((len(pictures), image_size, image_size, 3), np.uint8)
    for index, image in enumerate(map_ahead(decode, pictures)):
        images[index] = image
    labels = np.array([picture.label_index for picture in pictures], np.int64)
    files, digests = zip(*((picture.file, picture.sha256) for picture in pictures), strict=True)
    return Pictures(images, labels, files, digests)


def read_labels(prepared: Path, split: str) -> NDArray[np.int64]:
    """Label index of each picture, in the order of the shards; nothing is decoded."""
    return np.array([picture.label_index for picture in read_split(prepared, split)], np.int64)


def map_ahead(work: Callable[[Item], Outcome], items: Iterable[Item], ahead: int = 16) -> Iterator[Outcome]:
    """Like `map`, in threads, in order, and never more than `ahead` outcomes before the one that is taken."""
    waiting: list[Future[Outcome]] = []
    remaining = iter(items)
    with ThreadPoolExecutor() as pool:
        waiting += [pool.submit(work, item) for item in islice(remaining, ahead)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, item) for item in islice(remaining, 1)]

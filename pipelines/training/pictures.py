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
from pipelines.errors import DatasetError
from pipelines.images import Image
from pipelines.preprocessing import Preprocessing, see_picture

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Pictures:
    """A split in memory, decoded and prepared by the code that serving uses."""

    images: NDArray[np.uint8]
    """(pictures, height, width, 3), RGB."""
    labels: NDArray[np.int64]
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    """Of the files as they were imported."""


def load_pictures(prepared: Path, split: str, preprocessing: Preprocessing) -> Pictures:
    """The pictures of a split in which there is what the network looks at, as it sees them.

    Raises DatasetError when there is none.
    """

    def see(picture: PreparedPicture) -> Image | None:
        return see_picture(preprocessing, picture.encoded)

    every = list(read_split(prepared, split))
    pictures: list[PreparedPicture] = []
    images = np.empty((0,), np.uint8)
    for picture, image in zip(every, map_ahead(see, every), strict=True):
        if image is None:
            continue
        if not pictures:
            images = np.empty((len(every), *image.shape), np.uint8)
        images[len(pictures)] = image
        pictures.append(picture)
    if not pictures:
        raise DatasetError(
            f"Expected faces in the {split} pictures of {prepared.name}, found none in {len(every)}. "
            f"Set train.subject to picture, or look at them with `vigia data audit {prepared.name}`."
        )
    labels = np.array([picture.label_index for picture in pictures], np.int64)
    files, digests = zip(*((picture.file, picture.sha256) for picture in pictures), strict=True)
    return Pictures(images[: len(pictures)], labels, files, digests)


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

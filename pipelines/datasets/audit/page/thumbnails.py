"""Thumbnails of a dataset's pictures for a page, each drawn once, a few hundred at most."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pipelines.datasets.boxes import crop_box
from pipelines.datasets.catalogue import Box
from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.images import decode_image
from pipelines.page import thumbnail_data_uri

SIDE: Final = 176
MOST: Final = 800
"""Thumbnails of one page, about 8 kB each: more than that, nobody scrolls through."""


class Thumbnails:
    """Pictures below data/raw/<classifier> as addresses for a page, cut to their boxes as `prepare` cuts them."""

    def __init__(self, raw: Path, boxes: Mapping[str, Box] | None = None, box_margin: float = 0.0) -> None:
        self._raw = raw
        self._boxes = boxes or {}
        self._box_margin = box_margin
        self._drawn: dict[str, str | None] = {}

    def draw(self, paths: Sequence[str]) -> list[str | None]:
        """None for a file that is no picture, and for all once the page is full."""
        missing = [path for path in dict.fromkeys(paths) if path not in self._drawn][: MOST - len(self._drawn)]
        self._drawn |= zip(missing, map_in_threads(self._draw, missing), strict=True)
        return [self._drawn.get(path) for path in paths]

    def _draw(self, path: str) -> str | None:
        try:
            image = decode_image((self._raw / path).read_bytes(), limits=DATASET_LIMITS)
            box = self._boxes.get(path)
            return thumbnail_data_uri(crop_box(image, box, self._box_margin) if box else image, SIDE)
        except (ImageError, OSError):
            return None

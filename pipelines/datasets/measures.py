"""A few numbers of every picture, taken while `prepare` has it decoded: for the audit and for slices of an evaluation.

They say what a picture looks like without saying what it shows, and cost a fraction of a millisecond.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image

MEASURES_FILE: Final = "measures.parquet"

WORKING_SIDE: Final = 128
"""Longest side in pixels of the copy that is measured: detail finer than this, no network of ours sees."""
REBLUR_PIXELS: Final = 7
"""Width of the box that the blur measure blurs with."""
LEVELS: Final = 64
"""Grey levels of the histogram behind the entropy: fine enough for texture, coarse enough for a few thousand pixels."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One picture in numbers; shares are from 0 to 1, 0 black and 1 white."""

    size_bytes: int
    """Of the encoded file."""
    brightness: float
    """Mean."""
    contrast: float
    """Standard deviation."""
    shadows: float
    """Brightness that 5 % of the pixels stay below: high when nothing is dark."""
    highlights: float
    """Brightness that 1 % of the pixels exceed: low when nothing is light."""
    entropy: float
    """Bits of the grey histogram, 0 (one colour) to 6."""
    blur: float
    """Share of the edges that survives another blurring, 0 (crisp) to 1; 0 where there are no edges at all."""
    border_red: float
    border_green: float
    border_blue: float
    """Mean colour of the outermost pixels."""
    border_spread: float
    """Their standard deviation: 0 for a frame of one colour."""


def measure_picture(image: Image, size_bytes: int) -> Measures:
    """Numbers of a decoded picture; the same pixels give the same numbers, whatever the thread."""
    import cv2

    small = _reduce(image)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    histogram = np.bincount(grey.ravel(), minlength=256)
    levels = np.arange(256) / 255
    shares = histogram / grey.size
    brightness = float(shares @ levels)
    below = np.cumsum(shares)
    red, green, blue, spread = _measure_border(small)
    return Measures(
        size_bytes=size_bytes,
        brightness=brightness,
        contrast=math.sqrt(max(0.0, float(shares @ levels**2) - brightness**2)),
        shadows=float(np.searchsorted(below, 0.05) / 255),
        highlights=float(np.searchsorted(below, 0.99) / 255),
        entropy=_entropy(shares.reshape(LEVELS, -1).sum(axis=1)),
        blur=max(_reblur(grey, (REBLUR_PIXELS, 1), 1), _reblur(grey, (1, REBLUR_PIXELS), 0)),
        border_red=red,
        border_green=green,
        border_blue=blue,
        border_spread=spread,
    )


def write_measures(folder: Path, paths: Sequence[str], measures: Sequence[Measures]) -> None:
    """measures.parquet: one row a picture, by path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(zip(paths, measures, strict=True), key=lambda pair: pair[0])
    columns = {"path": pa.array([path for path, _ in ordered], pa.string())}
    for field in fields(Measures):
        kind = pa.int64() if field.type is int else pa.float32()
        columns[field.name] = pa.array([getattr(each, field.name) for _, each in ordered], kind)
    pq.write_table(pa.table(columns), folder / MEASURES_FILE)


def read_measures(folder: Path) -> dict[str, Measures]:
    """Measures by path below data/raw/<classifier>."""
    import pyarrow.parquet as pq

    names = [field.name for field in fields(Measures)]
    table = pq.read_table(folder / MEASURES_FILE, columns=["path", *names]).to_pydict()
    values = zip(*(table[name] for name in names), strict=True)
    return {path: Measures(*row) for path, row in zip(table["path"], values, strict=True)}


def tabulate_measures(paths: Sequence[str], measures: Mapping[str, Measures]) -> dict[str, NDArray[np.float64]]:
    """The measures as columns, name -> (pictures,), in the order of `paths`."""
    names = fields(Measures)
    table = np.array([astuple(measures[path]) for path in paths], np.float64).reshape(len(paths), len(names))
    return {field.name: table[:, column] for column, field in enumerate(names)}


def _reduce(image: Image) -> Image:
    import cv2

    height, width = image.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _entropy(shares: NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log2(present)).sum()) + 0.0  # + 0.0: never minus nought


def _reblur(grey: NDArray[np.uint8], box: tuple[int, int], axis: int) -> float:
    """The blur effect of Crete et al., "The blur effect: perception and estimation with a new no-reference
    perceptual blur metric" (SPIE 2007): blurring again takes the edges from a crisp picture and little from one
    that was blurred before. Contrast cancels out, so a flat drawing with clean lines is as crisp as a photo.
    """
    import cv2

    again = np.asarray(cv2.blur(grey, box), np.uint8)
    edges = cv2.absdiff(*_neighbours(grey, axis))
    kept = cv2.min(edges, cv2.absdiff(*_neighbours(again, axis)))
    total = cv2.sumElems(edges)[0]
    return float(cv2.sumElems(kept)[0] / total) if total else 0.0


def _neighbours(grey: NDArray[np.uint8], axis: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return (grey[1:], grey[:-1]) if axis == 0 else (grey[:, 1:], grey[:, :-1])


def _measure_border(small: Image) -> tuple[float, float, float, float]:
    ring = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]).astype(np.float64) / 255
    red, green, blue = ring.mean(axis=0)
    return float(red), float(green), float(blue), float(ring.std(axis=0).mean())

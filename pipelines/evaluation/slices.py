"""Parts of the test pictures that may be harder: dark, bright, blurred and small ones, and each source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.manifest import read_manifest
from pipelines.datasets.measures import measure_picture, read_measures
from pipelines.evaluation.intervals import share_interval
from pipelines.images import Image

FEWEST: Final = 10
"""Pictures of a slice; the accuracy of fewer says nothing."""
HARDEST_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """Some of the test pictures."""

    name: str
    pictures: int
    accuracy: float
    low: float = 0.0
    """The accuracy's 95 % range."""
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Looks:
    """What decides to which slices a picture belongs."""

    brightness: float
    """0 to 1."""
    blur: float
    """0 (crisp) to 1."""
    side: int
    """Shorter side in pixels, before anything was scaled to the network's input."""
    source: str
    """Where it came from; empty where nobody knows."""


def read_looks(prepared: Path, paths: Sequence[str]) -> tuple[Looks, ...]:
    """Of prepared pictures, by their paths below data/raw/<classifier>, as `prepare` measured them."""
    rows = {row.path: row for row in read_manifest(prepared)}
    measures = read_measures(prepared)
    return tuple(
        Looks(
            brightness=measures[path].brightness,
            blur=measures[path].blur,
            side=min(rows[path].width, rows[path].height),
            source=_source_of(rows[path].origin),
        )
        for path in paths
    )


def measure_looks(images: Iterable[Image]) -> tuple[Looks, ...]:
    """Of pictures that were never prepared."""
    looks = []
    for image in images:
        measures = measure_picture(image, 0)
        looks.append(Looks(measures.brightness, measures.blur, min(image.shape[:2]), ""))
    return tuple(looks)


def measure_slices(right: NDArray[np.bool_], looks: Sequence[Looks]) -> tuple[SliceFigures, ...]:
    """`right` and `looks` are of the same pictures, in the same order.

    Dark, blurred and small are the darkest, most blurred and smallest fifth: a bound in pixels or levels would hold
    all of one dataset and none of another. Sources count where there are two at least.
    """
    brightness = np.array([each.brightness for each in looks])
    slices = {
        "darkest fifth": _lowest(brightness),
        "brightest fifth": _lowest(-brightness),
        "most blurred fifth": _lowest(-np.array([each.blur for each in looks])),
        "smallest fifth": _lowest(np.array([each.side for each in looks], np.float64)),
    }
    sources = np.array([each.source for each in looks])
    names = np.unique(sources)
    if len(names) > 1:
        slices |= {f"source {name}": sources == name for name in names}
    return tuple(_describe(name, right[chosen]) for name, chosen in slices.items() if chosen.sum() >= FEWEST)


def _describe(name: str, right: NDArray[np.bool_]) -> SliceFigures:
    accuracy = share_interval(int(right.sum()), len(right))
    return SliceFigures(name, len(right), accuracy.value, accuracy.low, accuracy.high)


def _source_of(origin: str) -> str:
    """The first part of an origin: the name of the folder that was imported."""
    return origin.split("/", 1)[0]


def _lowest(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The lowest fifth; none of them when too many are alike to tell a fifth apart."""
    chosen = values <= np.quantile(values, HARDEST_SHARE)
    return chosen if chosen.mean() <= 2 * HARDEST_SHARE else np.zeros(len(values), np.bool_)

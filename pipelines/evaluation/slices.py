"""Parts of the test pictures that may be harder: dark, blurred and small ones, and each source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.measures import Measures

FEWEST: Final = 10
"""Pictures of a slice; the accuracy of fewer says nothing."""
HARDEST_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """Some of the test pictures."""

    name: str
    pictures: int
    accuracy: float


def measure_slices(
    right: NDArray[np.bool_], measures: list[Measures], sides: list[int], sources: list[str]
) -> tuple[SliceFigures, ...]:
    """One entry a picture in each list; `sides` are shorter sides in pixels, `sources` name where a picture came from.

    Dark, blurred and small are the darkest, most blurred and smallest fifth: a bound in pixels or levels would hold
    all of one dataset and none of another. Sources count where there are two at least.
    """
    brightness = np.array([each.brightness for each in measures])
    blur = np.array([each.blur for each in measures])
    slices = {
        "darkest fifth": _lowest(brightness),
        "brightest fifth": _lowest(-brightness),
        "most blurred fifth": _lowest(-blur),
        "smallest fifth": _lowest(np.array(sides, float)),
    }
    names = sorted(set(sources))
    if len(names) > 1:
        slices |= {f"source {name}": np.array([source == name for source in sources]) for name in names}
    return tuple(
        SliceFigures(name, int(chosen.sum()), float(right[chosen].mean()))
        for name, chosen in slices.items()
        if chosen.sum() >= FEWEST
    )


def source_of(origin: str) -> str:
    """The first part of an origin: the name of the folder that was imported."""
    return origin.split("/", 1)[0]


def measured(paths: list[str], measures: Mapping[str, Measures]) -> list[Measures]:
    """In the order of the paths."""
    return [measures[path] for path in paths]


def _lowest(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The lowest fifth; none of them when all are alike."""
    bound = np.quantile(values, HARDEST_SHARE)
    chosen = values <= bound
    return chosen if chosen.mean() <= 2 * HARDEST_SHARE else np.zeros(len(values), np.bool_)

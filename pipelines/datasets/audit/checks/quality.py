"""Checks on single pictures: blurred, dark, bright, of low information, tiny, oddly long.

A picture stands out when its measure is beyond a fixed bound *and* far from the dataset's own median: a set taken at
night is not dark, and a set of drawings is not blurred, for these are what its camera will see, too.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.findings import Evidence
from pipelines.datasets.audit.wording import say_count

MAD_TO_DEVIATION = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""


def find_blurred(dataset: AuditedDataset) -> Evidence | None:
    blur = dataset.columns["blur"]
    chosen = beyond(blur, dataset.params.blur_above, dataset.params.outlier_deviations)
    return _report(dataset, chosen, blur, "without crisp edges", "blur {:.2f}")


def find_dark(dataset: AuditedDataset) -> Evidence | None:
    highlights = dataset.columns["highlights"]
    chosen = beyond(-highlights, -dataset.params.dark_below, dataset.params.outlier_deviations)
    return _report(dataset, chosen, -highlights, "so dark that hardly anything shows", "lightest {:.0%}")


def find_bright(dataset: AuditedDataset) -> Evidence | None:
    shadows = dataset.columns["shadows"]
    chosen = beyond(shadows, dataset.params.bright_above, dataset.params.outlier_deviations)
    return _report(dataset, chosen, shadows, "so bright that hardly anything shows", "darkest {:.0%}")


def find_low_information(dataset: AuditedDataset) -> Evidence | None:
    entropy = dataset.columns["entropy"]
    chosen = beyond(-entropy, -dataset.params.entropy_below, dataset.params.outlier_deviations)
    return _report(dataset, chosen, -entropy, "of hardly more than one tone", "{:.1f} bits")


def find_tiny(dataset: AuditedDataset) -> Evidence | None:
    """By the bound alone: a whole dataset of tiny pictures is worth a word, too."""
    shorter = np.minimum(dataset.columns["width"], dataset.columns["height"])
    chosen = shorter < dataset.params.tiny_side
    return _report(dataset, chosen, -shorter, "of few pixels", "{:.0f} px")


def find_odd_aspect(dataset: AuditedDataset) -> Evidence | None:
    width, height = dataset.columns["width"], dataset.columns["height"]
    aspect = np.maximum(width, height) / np.minimum(width, height)
    chosen = beyond(np.log(aspect), np.log(dataset.params.aspect_above), dataset.params.outlier_deviations)
    return _report(dataset, chosen, aspect, "far longer than the others, to be squashed by the network", "{:.1f}:1")


def beyond(values: NDArray[np.float64], bound: float, deviations: float) -> NDArray[np.bool_]:
    """Which values exceed the bound and lie more than `deviations` robust deviations above the median."""
    if not values.size:
        return np.zeros(0, np.bool_)
    median = np.median(values)
    spread = MAD_TO_DEVIATION * np.median(np.abs(values - median))
    return np.asarray((values > bound) & (values > median + deviations * spread), np.bool_)


def _report(
    dataset: AuditedDataset, chosen: NDArray[np.bool_], striking: NDArray[np.float64], what: str, note: str
) -> Evidence | None:
    """`striking` orders the chosen pictures, highest first, and its size fills the note."""
    order = sorted(map(int, np.flatnonzero(chosen)), key=lambda place: (-striking[place], dataset.rows[place].path))
    if not order:
        return None
    return Evidence(
        f"{say_count(len(order), 'picture')} {what}. Look at them: drop what a camera would never send.",
        count=len(order),
        files=tuple(dataset.rows[place].path for place in order),
        notes=tuple(note.format(abs(striking[place])) for place in order),
    )

"""Ridge regression of labels on features, answered for each picture by the folds that do not hold it.

One pass sums up each fold; what a fold brought is taken out again before it is answered. So five folds cost little
more than one, and memory holds the features as they came and nothing else of their size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PENALTY: Final = 3_000.0
"""On features of unit spread; a tenth and ten times of it rank suspicions alike."""
ROWS_AT_ONCE: Final = 1_024

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """What ridge regression needs to know of a set of pictures."""

    pictures: int
    features: Floats
    """(numbers,)"""
    labels: Floats
    """(classes,): pictures of each."""
    products: Floats
    """(numbers, numbers)"""
    targets: Floats
    """(numbers, classes)"""

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(
            self.pictures - other.pictures,
            self.features - other.features,
            self.labels - other.labels,
            self.products - other.products,
            self.targets - other.targets,
        )

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.pictures + other.pictures,
            self.features + other.features,
            self.labels + other.labels,
            self.products + other.products,
            self.targets + other.targets,
        )


def score_labels(
    features: NDArray[np.float16], labels: NDArray[np.int_], folds: NDArray[np.int_], classes: int
) -> Floats:
    """(pictures, classes): how far the other folds expect each label, about 0 to 1; a row adds up to 1."""
    by_fold = {
        int(fold): _sum_up(features, labels, np.flatnonzero(folds == fold), classes) for fold in np.unique(folds)
    }
    empty = Sums(
        0,
        np.zeros(features.shape[1]),
        np.zeros(classes),
        np.zeros((features.shape[1],) * 2),
        np.zeros((features.shape[1], classes)),
    )
    total = sum(by_fold.values(), start=empty)
    scores = np.full((len(labels), classes), 1 / classes)
    for fold, held in by_fold.items():
        others = total - held
        if not others.pictures:
            continue
        weights, intercept = _solve(others)
        for places in _blocks(np.flatnonzero(folds == fold)):
            scores[places] = features[places].astype(np.float32) @ weights + intercept
    return scores


def _sum_up(features: NDArray[np.float16], labels: NDArray[np.int_], places: NDArray[np.int_], classes: int) -> Sums:
    numbers = features.shape[1]
    products, targets, total = np.zeros((numbers, numbers)), np.zeros((numbers, classes)), np.zeros(numbers)
    for block in _blocks(places):
        rows = features[block].astype(np.float32)
        products += rows.T @ rows
        targets += rows.T @ np.eye(classes, dtype=np.float32)[labels[block]]
        total += rows.sum(axis=0)
    return Sums(len(places), total, np.bincount(labels[places], minlength=classes).astype(float), products, targets)


def _solve(sums: Sums) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (numbers, classes) and intercept (classes,) for features as they came."""
    mean, prior = sums.features / sums.pictures, sums.labels / sums.pictures
    products = sums.products - sums.pictures * np.outer(mean, mean)
    targets = sums.targets - sums.pictures * np.outer(mean, prior)
    spread = np.sqrt(np.maximum(np.diag(products), 0) / sums.pictures) + 1e-3
    scaled = products / np.outer(spread, spread) + PENALTY * np.eye(len(mean))
    # float32 solves in half the time; the penalty keeps the matrix far from singular
    solved = np.linalg.solve(scaled.astype(np.float32), (targets / spread[:, None]).astype(np.float32))
    weights = np.asarray(solved / spread[:, None], np.float32)
    return weights, (prior - mean @ weights).astype(np.float32)


def _blocks(places: NDArray[np.int_]) -> Iterator[NDArray[np.int_]]:
    for start in range(0, len(places), ROWS_AT_ONCE):
        yield places[start : start + ROWS_AT_ONCE]

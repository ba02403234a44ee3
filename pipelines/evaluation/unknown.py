"""Pictures of nothing that the model knows: unlike the training pictures, or answered with doubt.

Distance to the training pictures' clouds (Lee et al. 2018, arXiv:1807.03888) tells pictures of another kind, doubt
tells a class that was left out. One number, a picture's strangeness, joins both; docs/decisions/0015 has the figures.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEW: Final = 32
"""Up to so many rows are compared one by one: BLAS's threads spin on for 10 ms of CPU after each matrix product."""

Features = NDArray[np.float32]
"""(pictures, length), rows of length 1."""

HIGH_SHARE: Final = 0.95
"""Share of known pictures below what counts as a high doubt or distance."""
FREE_DISTANCE: Final = 1.1
"""A distance adds nothing up to here, in units in which 0 is usual and 1 is high: known pictures lie that far too."""
DISTANCE_WEIGHT: Final = 3.0
SMALLEST: Final = 1e-7
"""Probabilities below count as this much: a 32 bit softmax ends near there."""


@dataclass(frozen=True, slots=True)
class UnknownThresholds:
    """What known pictures look like, and from where on a picture counts as unknown."""

    usual_doubt: float
    """Of the median known picture."""
    high_doubt: float
    """What 95 of 100 known pictures stay below; of the distance likewise."""
    usual_distance: float
    high_distance: float
    limit: float
    """Largest strangeness of a known picture."""

    def strangeness(self, probabilities: NDArray[np.floating], distance: NDArray[np.floating]) -> NDArray[np.float64]:
        """(pictures,): doubt, and what a distance exceeds that known pictures have too; without end at no end."""
        doubt = _rescale(measure_doubt(probabilities), self.usual_doubt, self.high_doubt)
        far = _rescale(distance.astype(np.float64), self.usual_distance, self.high_distance)
        return np.asarray(doubt + DISTANCE_WEIGHT * np.maximum(0, far - FREE_DISTANCE))

    def knows(self, probabilities: NDArray[np.floating], distance: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(pictures,): False for a picture of nothing that the model knows."""
        return np.asarray(self.strangeness(probabilities, distance) <= self.limit)


@dataclass(frozen=True, slots=True)
class Clouds:
    """Training pictures in feature space: a cloud around each class's centre, all of one shape."""

    centres: NDArray[np.float32]
    """(classes, length), whitened."""
    whitening: NDArray[np.float32]
    """(length, length): features times this have the same spread in every direction."""

    def distances(self, features: Features) -> NDArray[np.float32]:
        """(pictures,): standard deviations to the nearest centre (Mahalanobis); without end for a row of zeros."""
        whitened = compare_rows(features, self.whitening.T)
        squares = (whitened**2).sum(axis=1, keepdims=True) + (self.centres**2).sum(axis=1)
        nearest = np.maximum(0, squares - 2 * compare_rows(whitened, self.centres)).min(axis=1)
        return np.where(features.any(axis=1), np.sqrt(nearest), np.inf).astype(np.float32)


def normalise_features(features: NDArray[np.floating]) -> Features:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)


def compare_rows(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, others): the dot product of each with each."""
    if len(rows) > FEW:
        return np.asarray(rows @ others.T)
    return np.stack([np.vecdot(others, row) for row in rows]) if len(rows) else np.zeros((0, len(others)), np.float32)


def measure_doubt(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """(pictures,): 0 (certain) to 1 (any class): the entropy of the probabilities' square roots.

    The roots let the less probable classes have their say: a left-out class is a little like several.
    """
    roots = np.sqrt(np.clip(probabilities.astype(np.float64), SMALLEST, 1))
    shares = roots / roots.sum(axis=1, keepdims=True)
    return np.asarray(-(shares * np.log(shares)).sum(axis=1) / np.log(shares.shape[1]))


def fit_clouds(features: NDArray[np.floating], labels: NDArray[np.int64]) -> Clouds:
    """Of training pictures; each class that occurs has one.

    The shape is drawn towards a ball the more, the fewer the pictures (Ledoit & Wolf 2004).
    """
    from sklearn.covariance import ledoit_wolf

    rows = normalise_features(features).astype(np.float64)
    classes, place = np.unique(labels, return_inverse=True)
    centres = np.stack([rows[place == number].mean(axis=0) for number in range(len(classes))])
    shape, _ = ledoit_wolf(rows - centres[place], assume_centered=True)
    # pictures that are all the same have no shape: then any difference counts, and hugely
    shape += 1e-6 * np.eye(len(shape))
    whitening = np.linalg.inv(np.linalg.cholesky(shape)).T
    return Clouds((centres @ whitening).astype(np.float32), whitening.astype(np.float32))


def fit_thresholds(
    probabilities: NDArray[np.floating], distance: NDArray[np.floating], false_reject_rate: float
) -> UnknownThresholds:
    """Thresholds that refuse `false_reject_rate` of these known pictures at most."""
    doubt = measure_doubt(probabilities)
    seen = distance[np.isfinite(distance)]
    usual_distance, high_distance = np.quantile(seen, (0.5, HIGH_SHARE)) if len(seen) else (0.0, 1.0)
    usual_doubt, high_doubt = np.quantile(doubt, (0.5, HIGH_SHARE))
    open_ended = UnknownThresholds(
        float(usual_doubt), float(high_doubt), float(usual_distance), float(high_distance), np.inf
    )
    strangeness = open_ended.strangeness(probabilities, distance)
    # one that is without end cannot be a limit in JSON, and would know everything
    finite = np.minimum(strangeness, np.finfo(np.float32).max)
    return replace(open_ended, limit=float(np.quantile(finite, 1 - false_reject_rate, method="higher")))


def auroc(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """Chance that a random unknown picture scores higher than a random known one; ties count half (Mann-Whitney U)."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([known, unknown]))
    above = ranks[len(known) :].sum() - len(unknown) * (len(unknown) + 1) / 2
    return float(above / (len(known) * len(unknown)))


def _rescale(values: NDArray[np.float64], usual: float, high: float) -> NDArray[np.float64]:
    return np.asarray((values - usual) / max(1e-6, high - usual))

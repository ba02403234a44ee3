"""Pictures of nothing that the model knows: far from every training picture, or answered without confidence.

Distance to the k-th nearest training feature (Sun et al. 2022, arXiv:2204.06507) tells pictures of another kind, low
confidence tells a class that was left out: a picture is refused when either says so.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEIGHBOUR: Final = 5
"""Which nearest training feature counts; with fewer features the last one."""
CHUNK: Final = 512
FEW: Final = 32
"""Up to so many rows are compared one by one: BLAS's threads spin on for 10 ms of CPU after each matrix product."""

Features = NDArray[np.float32]
"""(pictures, length), rows of length 1."""


@dataclass(frozen=True, slots=True)
class UnknownThresholds:
    """A picture is known when it is sure enough and near enough."""

    confidence: float
    """Least confidence of a known picture."""
    distance: float
    """Largest distance of a known picture to its 5th nearest training feature, 0 to 2."""

    def knows(self, confidence: NDArray[np.floating], distance: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(pictures,): True where both agree."""
        return (confidence >= self.confidence) & (distance <= self.distance)


def normalise_features(features: NDArray[np.floating]) -> Features:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)


def nearest_distances(features: Features, reference: Features, *, leave_self_out: bool = False) -> NDArray[np.float32]:
    """(pictures,): Euclidean distance to the 5th nearest row of `reference`.

    With `leave_self_out`, `features` are the reference's own rows, and each row's nearest, itself, is not counted.
    """
    place = min(NEIGHBOUR + leave_self_out, len(reference)) - 1
    parts = []
    for start in range(0, len(features), CHUNK):
        rows = features[start : start + CHUNK]
        few = len(rows) <= FEW
        likeness = np.stack([np.vecdot(reference, row) for row in rows]) if few else rows @ reference.T
        kth = -np.partition(-likeness, place, axis=1)[:, place]
        parts.append(np.sqrt(np.maximum(0, 2 - 2 * kth)))
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def fit_thresholds(
    confidence: NDArray[np.floating], distance: NDArray[np.floating], false_reject_rate: float
) -> UnknownThresholds:
    """Thresholds that together refuse `false_reject_rate` of these known pictures at most, each an equal share alone.

    The share of each is the largest at which their union still holds: they often refuse the same pictures.
    """
    low, high = 0.0, false_reject_rate
    best = _thresholds(confidence, distance, 0.0)
    for _ in range(20):
        share = (low + high) / 2
        candidate = _thresholds(confidence, distance, share)
        if 1 - candidate.knows(confidence, distance).mean() <= false_reject_rate:
            best, low = candidate, share
        else:
            high = share
    return best


def auroc(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """Chance that a random unknown picture scores higher than a random known one; ties count half (Mann-Whitney U)."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([known, unknown]))
    above = ranks[len(known) :].sum() - len(unknown) * (len(unknown) + 1) / 2
    return float(above / (len(known) * len(unknown)))


def unknown_score(
    confidence: NDArray[np.floating], distance: NDArray[np.floating], thresholds: UnknownThresholds
) -> NDArray[np.float64]:
    """One number of both signs, for AUROC: above 1 is refused.

    Each sign in units of its threshold, and the worse one counts, as in the decision.
    """
    unsure = (1 - confidence.astype(np.float64)) / max(1e-6, 1 - thresholds.confidence)
    far = distance.astype(np.float64) / max(1e-6, thresholds.distance)
    return np.maximum(unsure, far)


def _thresholds(confidence: NDArray[np.floating], distance: NDArray[np.floating], share: float) -> UnknownThresholds:
    return UnknownThresholds(
        confidence=float(np.quantile(confidence, share, method="lower")),
        distance=float(np.quantile(distance, 1 - share, method="higher")),
    )

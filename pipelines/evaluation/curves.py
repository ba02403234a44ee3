"""Figures over every threshold: ROC, precision and recall, risk and coverage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.metrics import Labels, Probabilities

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class ThresholdCurves:
    """One class against all others; points from the strictest threshold to the loosest, at most 200."""

    label_index: int
    auc: float
    """Area under the ROC curve."""
    average_precision: float
    roc: tuple[tuple[float, float], ...]
    """(false positive rate, true positive rate)."""
    precision_recall: tuple[tuple[float, float], ...]
    """(recall, precision)."""


def threshold_curves(labels: Labels, probabilities: Probabilities) -> tuple[ThresholdCurves, ...]:
    """Each class of which the truth holds some pictures but not all."""
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    curves = []
    for index in range(probabilities.shape[1]):
        truth, scores = labels == index, probabilities[:, index]
        if not truth.any() or truth.all():
            continue
        false_positive, true_positive, _ = roc_curve(truth, scores)
        precision, recall, _ = precision_recall_curve(truth, scores)
        curves.append(
            ThresholdCurves(
                label_index=index,
                auc=float(roc_auc_score(truth, scores)),
                average_precision=float(average_precision_score(truth, scores)),
                roc=_thin(false_positive, true_positive),
                precision_recall=_thin(recall[::-1], precision[::-1]),
            )
        )
    return tuple(curves)


def risk_coverage(labels: Labels, probabilities: Probabilities) -> tuple[tuple[float, float], ...]:
    """(coverage, risk): the share of mistakes when only the surest share of the pictures is answered, at most 200.

    El-Yaniv & Wiener 2010, "On the Foundations of Noise-free Selective Classification".
    """
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    answered = np.arange(1, len(labels) + 1)
    return _thin(answered / len(labels), np.cumsum(wrong) / answered)


def _thin(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[tuple[float, float], ...]:
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    return tuple((round(float(x[i]), 5), round(float(y[i]), 5)) for i in chosen)

"""How good, how sure, how wrong: plain functions of labels and probabilities."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
"""(pictures,), indices of class names."""
Probabilities = NDArray[np.floating]
"""(pictures, classes), rows add up to 1."""


@dataclass(frozen=True, slots=True)
class Report:
    """A model version on the test split. All but `pictures` and `log_loss` lie between 0 and 1."""

    accuracy: float
    macro_f1: float
    log_loss: float
    ece: float
    majority_share: float
    """Accuracy of always answering the most frequent class."""
    pictures: int

    def metrics(self) -> dict[str, float]:
        return {key: float(value) for key, value in asdict(self).items()}


def build_report(labels: Labels, probabilities: Probabilities, bins: int = 15) -> Report:
    """Raises ValueError when there is no picture."""
    if not len(labels):
        raise ValueError("expected at least one picture to evaluate, received none")
    predicted = probabilities.argmax(axis=1)
    return Report(
        accuracy=float((predicted == labels).mean()),
        macro_f1=macro_f1(labels, predicted, probabilities.shape[1]),
        log_loss=log_loss(labels, probabilities),
        ece=expected_calibration_error(labels, probabilities, bins),
        majority_share=float(np.bincount(labels).max() / len(labels)),
        pictures=len(labels),
    )


def confusion_matrix(labels: Labels, predicted: Labels, class_count: int) -> NDArray[np.int64]:
    """(classes, classes): rows are the truth, columns the answers."""
    flat = np.bincount(labels * class_count + predicted, minlength=class_count**2)
    return flat.reshape(class_count, class_count)


def macro_f1(labels: Labels, predicted: Labels, class_count: int) -> float:
    """Mean F1 of the classes that occur in truth or answers; a class never answered counts 0."""
    matrix = confusion_matrix(labels, predicted, class_count)
    hits = np.diag(matrix)
    occurring = matrix.sum(axis=0) + matrix.sum(axis=1)
    present = occurring > 0
    return float((2 * hits[present] / occurring[present]).mean())


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Mean negative log probability of the truth, natural logarithm."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, 1)).mean())


def expected_calibration_error(labels: Labels, probabilities: Probabilities, bins: int) -> float:
    """Gap between confidence and accuracy over equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return float(
        sum(abs(right[inside].mean() - confidence[inside].mean()) * inside.mean() for inside in _bins(confidence, bins))
    )


def reliability(labels: Labels, probabilities: Probabilities, bins: int) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, pictures) of each bin that holds any."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return [
        (float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for inside in _bins(confidence, bins)
    ]


def _bins(confidence: NDArray[np.floating], bins: int) -> list[NDArray[np.bool_]]:
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return [index == number for number in range(bins) if (index == number).any()]

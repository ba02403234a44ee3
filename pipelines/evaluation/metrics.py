"""How good: figures of labels and probabilities."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.calibration import expected_calibration_error

Labels = NDArray[np.int64]
"""(pictures,), indices of class names."""
Probabilities = NDArray[np.floating]
"""(pictures, classes), rows add up to 1."""


@dataclass(frozen=True, slots=True)
class Report:
    """A model version on the test split. All but `pictures`, `log_loss` and `brier` lie between 0 and 1."""

    accuracy: float
    macro_f1: float
    log_loss: float
    ece: float
    majority_share: float
    """Accuracy of always answering the most frequent class."""
    pictures: int
    balanced_accuracy: float = 0.0
    """Mean recall of the classes that occur."""
    top5: float = 0.0
    """Share of pictures whose label is among the five most probable."""
    brier: float = 0.0
    """Mean squared distance of the probabilities from the truth, 0 to 2 (Brier 1950)."""
    ece_floor: float = 0.0
    """Calibration error that a perfectly calibrated model would show on as many pictures, on average."""

    def metrics(self) -> dict[str, float]:
        return {key: float(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class on the test split; precision of a class never answered, and recall of one without pictures, are 0."""

    name: str
    precision: float
    recall: float
    f1: float
    pictures: int


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
        balanced_accuracy=balanced_accuracy(labels, predicted),
        top5=top_accuracy(labels, probabilities, 5),
        brier=brier_score(labels, probabilities),
    )


def confusion_matrix(labels: Labels, predicted: Labels, class_count: int) -> NDArray[np.int64]:
    """(classes, classes): rows are the truth, columns the answers."""
    flat = np.bincount(labels * class_count + predicted, minlength=class_count**2)
    return flat.reshape(class_count, class_count)


def class_figures(labels: Labels, predicted: Labels, class_names: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """Every class, in the order of the class names."""
    matrix = confusion_matrix(labels, predicted, len(class_names))
    hits, truth, answered = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return tuple(
        ClassFigures(
            name=name,
            precision=float(hits[i] / max(1, answered[i])),
            recall=float(hits[i] / max(1, truth[i])),
            f1=float(2 * hits[i] / max(1, truth[i] + answered[i])),
            pictures=int(truth[i]),
        )
        for i, name in enumerate(class_names)
    )


def macro_f1(labels: Labels, predicted: Labels, class_count: int) -> float:
    """Mean F1 of the classes that occur in truth or answers; a class never answered counts 0."""
    matrix = confusion_matrix(labels, predicted, class_count)
    hits = np.diag(matrix)
    occurring = matrix.sum(axis=0) + matrix.sum(axis=1)
    present = occurring > 0
    return float((2 * hits[present] / occurring[present]).mean())


def balanced_accuracy(labels: Labels, predicted: Labels) -> float:
    """Mean recall of the classes that occur in the truth."""
    pictures = np.bincount(labels)
    hits = np.bincount(labels[predicted == labels], minlength=len(pictures))
    present = pictures > 0
    return float((hits[present] / pictures[present]).mean())


def top_accuracy(labels: Labels, probabilities: Probabilities, top: int) -> float:
    """Share of pictures whose label is among the `top` most probable; 1 where there are no more classes than that."""
    if top >= probabilities.shape[1]:
        return 1.0
    best = np.argpartition(-probabilities, top, axis=1)[:, :top]
    return float((best == labels[:, None]).any(axis=1).mean())


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Mean negative log probability of the truth, natural logarithm."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, 1)).mean())


def brier_score(labels: Labels, probabilities: Probabilities) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes: 0 to 2 (Brier 1950)."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(((probabilities**2).sum(axis=1) - 2 * chosen + 1).mean())

"""Everything that a report says about one model on one set of labelled pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.answering import Answers, Latency
from pipelines.evaluation.calibrating import Calibration
from pipelines.evaluation.calibration import calibration_floor, expected_calibration_error, reliability
from pipelines.evaluation.curves import ThresholdCurves, risk_coverage, threshold_curves
from pipelines.evaluation.intervals import Interval, bootstrap_interval, share_interval
from pipelines.evaluation.metrics import ClassFigures, Report, build_report, class_figures, log_loss, macro_f1
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.slices import SliceFigures
from pipelines.stage_params import EvaluateParams

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A test picture that was answered wrongly."""

    index: int
    """Row of the picture."""
    label: str
    answer: str
    confidence: float
    nearest: tuple[str, ...]
    """SHA-256 of the nearest training pictures, nearest first."""
    nearest_labels: tuple[str, ...] = ()
    """Theirs."""


@dataclass(frozen=True, slots=True)
class StrangeFigures:
    """Pictures of nothing that the model knows."""

    name: str
    """The classifier or the folder that they are from, or `left out`."""
    pictures: int
    auroc: float
    """Chance that one of them looks stranger than a known picture; 0.5 is blind."""
    refused: float
    """Share that counts as unknown."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One model on one set of pictures, after calibration."""

    class_names: tuple[str, ...]
    report: Report
    intervals: Mapping[str, Interval]
    """95 % by bootstrap, of accuracy, macro_f1 and log_loss."""
    classes: tuple[ClassFigures, ...]
    curves: tuple[ThresholdCurves, ...]
    risk_coverage: Curve
    reliability: Sequence[tuple[float, float, int]]
    """(mean confidence, accuracy, pictures) of each bin."""
    ece_before: float
    """On these pictures, with a temperature of 1."""
    ece_floor: Interval
    """What a perfectly calibrated model would show; an error within the range may be nothing but few pictures."""
    calibration: Calibration | None
    refused: float
    """Share of these pictures that count as unknown, though they are not."""
    accuracy_of_known: float
    """Accuracy on those that count as known."""
    mistakes: tuple[Mistake, ...]
    slices: tuple[SliceFigures, ...] = ()
    robustness: Mapping[str, float] = field(default_factory=dict)
    """Distortion -> accuracy; `none` are the same pictures unspoilt."""
    strangers: tuple[StrangeFigures, ...] = ()
    """By where they are from; empty where none were shown to the model."""
    latency: Latency | None = None
    size_bytes: int = 0
    """Of the served network."""

    def document(self) -> dict[str, Any]:
        """report.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels and the calibrated answers to them."""

    labels: NDArray[np.int64]
    answers: Answers
    """Probabilities before calibration."""
    probabilities: NDArray[np.floating]
    """After it."""


def evaluate_answers(
    class_names: tuple[str, ...],
    judged: Judged,
    reference: Reference,
    calibration: Calibration,
    params: EvaluateParams,
) -> Evaluation:
    """What follows from the answers alone; slices, robustness and speed are added by who has the pictures."""
    labels, probabilities = judged.labels, judged.probabilities
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    distance = reference.clouds.distances(judged.answers.middle)
    known = calibration.unknown.knows(probabilities, distance)
    floor = calibration_floor(probabilities, params.calibration_bins, samples=params.bootstrap_samples)
    report = build_report(labels, probabilities, params.calibration_bins)
    return Evaluation(
        class_names=class_names,
        report=replace(report, ece_floor=floor.value),
        intervals=_intervals(labels, probabilities, params),
        classes=class_figures(labels, predicted, class_names),
        curves=threshold_curves(labels, probabilities),
        risk_coverage=risk_coverage(labels, probabilities),
        reliability=reliability(labels, probabilities, params.calibration_bins),
        ece_before=expected_calibration_error(labels, judged.answers.probabilities, params.calibration_bins),
        ece_floor=floor,
        calibration=calibration,
        refused=float(1 - known.mean()),
        accuracy_of_known=float(right[known].mean()) if known.any() else 0.0,
        mistakes=find_mistakes(class_names, judged, reference, params.mistakes),
    )


def find_mistakes(
    class_names: tuple[str, ...], judged: Judged, reference: Reference, most: int, neighbours: int = 3
) -> tuple[Mistake, ...]:
    """The most confident ones first, each with the training pictures that lie nearest to it."""
    predicted = judged.probabilities.argmax(axis=1)
    confidence = judged.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != judged.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    nearest, _ = reference.nearest(judged.answers.features[wrong], neighbours)
    return tuple(
        Mistake(
            index=int(row),
            label=class_names[judged.labels[row]],
            answer=class_names[predicted[row]],
            confidence=float(confidence[row]),
            nearest=tuple(reference.sha256[i] for i in near),
            nearest_labels=tuple(class_names[reference.labels[i]] for i in near),
        )
        for row, near in zip(wrong, nearest, strict=True)
    )


def _intervals(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], params: EvaluateParams
) -> dict[str, Interval]:
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    classes = probabilities.shape[1]
    # none of the calibration error: fewer distinct pictures raise it, so its resamples lie above the figure itself
    figures = {
        "accuracy": lambda chosen: float(right[chosen].mean()),
        "macro_f1": lambda chosen: macro_f1(labels[chosen], predicted[chosen], classes),
        "log_loss": lambda chosen: log_loss(labels[chosen], probabilities[chosen]),
    }
    intervals = {
        name: bootstrap_interval(figure, len(labels), samples=params.bootstrap_samples)
        for name, figure in figures.items()
    }
    if right.all() or not right.any():
        # resampling never shows what no picture showed: it would claim certainty from a handful
        intervals["accuracy"] = share_interval(int(right.sum()), len(right))
        del intervals["macro_f1"]
    return intervals

"""How sure: confidence against accuracy, and the temperature that brings them together."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.intervals import Interval

SMALLEST: Final = 1e-7
"""Probabilities below count as this much: a 32 bit softmax ends near there."""


def expected_calibration_error(labels: NDArray[np.int64], probabilities: NDArray[np.floating], bins: int) -> float:
    """Gap between confidence and accuracy over equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    pictures = max(1, len(labels))
    return float(
        sum(
            abs(accuracy - confidence) * count / pictures
            for confidence, accuracy, count in reliability(labels, probabilities, bins)
        )
    )


def reliability(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], bins: int
) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, pictures) of each bin that holds any."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[index == number].mean()), float(right[index == number].mean()), int((index == number).sum()))
        for number in np.unique(index)
    ]


def calibration_floor(
    probabilities: NDArray[np.floating], bins: int, *, samples: int = 1000, seed: int = 0
) -> Interval:
    """Calibration error that a perfectly calibrated model would show on pictures as many and as sure as these.

    Its answers are drawn right as often as they are sure (Vaicenavicius et al. 2019, arXiv:1902.06977). The value is
    the mean of the draws, the range holds 95 of 100 of them: an error within it may be nothing but few pictures.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    random = np.random.default_rng(seed)
    gaps = np.zeros(samples)
    for number in np.unique(index):
        sure = confidence[index == number]
        gaps += [abs(float((random.random(len(sure)) < sure).sum() - sure.sum())) for _ in range(samples)]
    low, high = np.percentile(gaps / len(confidence), (2.5, 97.5))
    return Interval(float(gaps.mean() / len(confidence)), float(low), float(high))


def fit_temperature(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """The temperature of least log loss on pictures that were not trained on, between 0.05 and 20 (Guo et al. 2017).

    A handful of pictures, or pictures that are all answered rightly, have no least: they would make a model ever
    surer. So one imagined picture is shared among all, as Platt's target smoothing does (Platt 1999): half of it shows
    the most probable class and half the next. Shared among all classes it would make a model of many too humble.
    """
    from scipy.optimize import minimize_scalar

    logits = np.log(np.clip(probabilities.astype(np.float64), SMALLEST, 1))
    rows = np.arange(len(labels))
    likeliest = np.sort(logits, axis=1)[:, -2:].mean(axis=1)
    imagined = 1 / (len(labels) + 2)

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        log_total = np.logaddexp.reduce(scaled, axis=1)
        at_truth = log_total - scaled[rows, labels]
        at_likeliest = log_total - likeliest / np.exp(log_temperature)
        return float(((1 - imagined) * at_truth + imagined * at_likeliest).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def apply_temperature(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities as softmax(logits / temperature) would give them; the order of the classes stays."""
    logits = np.log(np.clip(probabilities.astype(np.float64), SMALLEST, 1)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))

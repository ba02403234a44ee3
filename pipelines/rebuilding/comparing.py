"""A version and its rebuilt twin: what differs, in plain words and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

SHOWN_PREDICTIONS: Final = 5

PictureKind = Literal["golden", "test"]
"""Those that the registered artefact brings with it, or the first of the test split."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    what: str
    expected: object
    received: object


@dataclass(frozen=True, slots=True)
class PredictionComparison:
    """The same pictures through both networks."""

    pictures: int
    kind: PictureKind
    max_difference: float
    """Largest difference of one probability."""
    top1_agreement: float
    differences: tuple[Difference, ...]


def compare_metrics(
    expected: Mapping[str, float], received: Mapping[str, float], tolerance: float
) -> tuple[Difference, ...]:
    """Of the test split, further apart than the tolerance; one that either side lacks differs."""
    names = sorted(received)
    return tuple(
        Difference(f"metric {name}", expected.get(name), received[name])
        for name in names
        if name not in expected or not abs(expected[name] - received[name]) <= tolerance
    )


def compare_environments(expected: Mapping[str, str], received: Mapping[str, str]) -> tuple[Difference, ...]:
    """Names of what was recorded then and is otherwise now; what was never recorded is not compared."""
    return tuple(
        Difference(name, value, received.get(name)) for name, value in expected.items() if received.get(name) != value
    )


def compare_predictions(
    kind: PictureKind,
    names: Sequence[str],
    class_names: Sequence[str],
    expected: NDArray[np.floating],
    received: NDArray[np.floating],
    tolerance: float,
) -> PredictionComparison:
    """Two (pictures, classes) tables of probabilities; the pictures furthest apart are named first."""
    apart = np.abs(expected.astype(np.float64) - received).max(axis=1)
    far = [int(row) for row in np.argsort(-apart, kind="stable") if apart[row] > tolerance]
    return PredictionComparison(
        pictures=len(names),
        kind=kind,
        max_difference=float(apart.max(initial=0.0)),
        top1_agreement=float((expected.argmax(axis=1) == received.argmax(axis=1)).mean()) if len(names) else 1.0,
        differences=tuple(
            Difference(
                f"prediction of {names[row]}", _tell(class_names, expected[row]), _tell(class_names, received[row])
            )
            for row in far[:SHOWN_PREDICTIONS]
        ),
    )


def _tell(class_names: Sequence[str], probabilities: NDArray[np.floating]) -> str:
    best = int(probabilities.argmax())
    return f"{class_names[best]} {float(probabilities[best]):.6f}"

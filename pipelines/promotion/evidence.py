"""What the gate looks at: figures of a candidate and of production on the same pictures, and where both come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import Precision
from pipelines.promotion.chance import calibration_error_by_chance


@dataclass(frozen=True, slots=True)
class Missing:
    """Something could not be measured."""

    reason: str


@dataclass(frozen=True, slots=True)
class VersionAnswers:
    """What one version said about the pictures that judge, in the runtime that serves it."""

    version: int
    right: NDArray[np.bool_]
    """(pictures,): False also where the version has no such class."""
    confidence: NDArray[np.float64]
    known: NDArray[np.bool_]
    """(pictures,): False where it was refused as unknown."""
    has_class: NDArray[np.bool_]
    """(pictures,): whether the version has a class of the picture's label."""
    milliseconds: float
    """Median for one picture on one core, resizing included and decoding not."""
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """One version on the pictures that judge."""

    version: int
    accuracy: float
    ece: float
    """Expected calibration error."""
    ece_by_chance: float
    """What a model with perfectly honest confidences stays below in 95 of 100 such samples."""
    refused: int
    """Pictures of a class it has that count as unknown."""
    knowable: int
    """Pictures of a class it has."""
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ClassPair:
    """One class of the pictures that judge."""

    name: str
    pictures: int
    recall: float
    """Of the candidate."""
    recall_before: float | None
    """Of production; None without one."""
    better: int
    """Pictures that only the candidate labels rightly."""
    worse: int
    """Pictures that only production labels rightly."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Candidate and production on the same pictures."""

    pictures: int
    left_out: int
    """Test pictures that one of them was trained on."""
    majority_share: float
    candidate: VersionFigures
    production: VersionFigures | None
    better: int
    worse: int
    classes: tuple[ClassPair, ...]
    gone: tuple[str, ...] = ()
    """Classes of production that the candidate does not have."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The served format against Keras, as measured when it was made."""

    max_difference: float
    bound: float
    precision: Precision = "f32"
    """That serves; in a lower one the export itself has asked whether it answers like f32."""


@dataclass(frozen=True, slots=True)
class DatasetOrder:
    """The candidate's dataset version beside production's."""

    relation: Literal["first", "same", "newer", "older"]
    how_known: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules ask for. Nothing is left out in silence: what could not be measured says why."""

    classifier: str
    version: int
    measured: Measured | Missing
    parity: Parity | Missing
    audit_errors: tuple[str, ...] | Missing
    dataset: DatasetOrder | Missing
    rolled_back: str | None = None
    """Who took this version out of production, when and why; None when nobody did."""
    guarded: str | None = None
    """Why the guard rolled it back; None when it did not."""
    remark: str | None = None
    """What a reader of the decision must know beside it."""


def build_measured(
    labels: Sequence[str], candidate: VersionAnswers, production: VersionAnswers | None, *, left_out: int, bins: int
) -> Measured:
    """Figures of the answers to at least one picture."""
    truth = np.array(labels)
    names, counts = np.unique(truth, return_counts=True)
    before = candidate.right if production is None else production.right
    return Measured(
        pictures=len(truth),
        left_out=left_out,
        majority_share=float(counts.max() / len(truth)),
        candidate=_figures(candidate, bins),
        production=None if production is None else _figures(production, bins),
        better=int((candidate.right & ~before).sum()),
        worse=int((before & ~candidate.right).sum()),
        classes=tuple(
            ClassPair(
                name=str(name),
                pictures=int(count),
                recall=float(candidate.right[truth == name].mean()),
                recall_before=None if production is None else float(before[truth == name].mean()),
                better=int((candidate.right & ~before)[truth == name].sum()),
                worse=int((before & ~candidate.right)[truth == name].sum()),
            )
            for name, count in zip(names, counts, strict=True)
        ),
        gone=tuple(name for name in production.class_names if name not in candidate.class_names) if production else (),
    )


def _figures(answers: VersionAnswers, bins: int) -> VersionFigures:
    error, by_chance = calibration_error_by_chance(answers.right, answers.confidence, bins)
    return VersionFigures(
        version=answers.version,
        accuracy=float(answers.right.mean()),
        ece=error,
        ece_by_chance=by_chance,
        refused=int((answers.has_class & ~answers.known).sum()),
        knowable=int(answers.has_class.sum()),
        milliseconds=answers.milliseconds,
    )

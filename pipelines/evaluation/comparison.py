"""Two model versions on the same pictures: what each gets right that the other does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.answering import Latency
from pipelines.evaluation.intervals import Interval, bootstrap_interval, mcnemar_exact


@dataclass(frozen=True, slots=True)
class VersionAnswers:
    """What one version said."""

    version: int
    class_names: tuple[str, ...]
    probabilities: NDArray[np.floating]
    """(pictures, classes)."""
    latency: Latency

    @property
    def labels(self) -> NDArray[np.str_]:
        """(pictures,): the most probable class of each."""
        return np.asarray(np.array(self.class_names)[self.probabilities.argmax(axis=1)])

    @property
    def confidence(self) -> NDArray[np.floating]:
        return np.asarray(self.probabilities.max(axis=1))


@dataclass(frozen=True, slots=True)
class Change:
    """A picture that only one of the two versions labels rightly."""

    index: int
    """Row of the picture."""
    label: str
    before: str
    before_confidence: float
    after: str
    after_confidence: float


@dataclass(frozen=True, slots=True)
class ClassChange:
    """One class, by its truth."""

    name: str
    pictures: int
    recall_before: float
    recall_after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second version against the first."""

    versions: tuple[int, int]
    pictures: int
    accuracy: tuple[float, float]
    difference: Interval
    """Of the accuracies, with its 95 % range; above 0 the second is better."""
    better: tuple[Change, ...]
    """Pictures that only the second gets right, the surest first."""
    worse: tuple[Change, ...]
    p_value: float
    """That both are equally good (McNemar's exact test, two-sided)."""
    classes: tuple[ClassChange, ...]
    """Those that changed, the largest loss first."""
    latency: tuple[Latency, Latency]

    @property
    def verdict(self) -> str:
        """In words, at the usual 5 %."""
        first, second = self.versions
        if self.p_value >= 0.05:
            return f"versions {first} and {second} cannot be told apart on {self.pictures} pictures"
        winner, loser = (second, first) if len(self.better) > len(self.worse) else (first, second)
        return f"version {winner} is better than version {loser}"


def compare_answers(labels: Sequence[str], before: VersionAnswers, after: VersionAnswers) -> Comparison:
    """`labels` are the truth; a label that a version has no class for is never right."""
    truth = np.array(labels)
    right_before, right_after = before.labels == truth, after.labels == truth
    better = np.flatnonzero(right_after & ~right_before)
    worse = np.flatnonzero(right_before & ~right_after)
    gain = right_after.astype(float) - right_before
    return Comparison(
        versions=(before.version, after.version),
        pictures=len(truth),
        accuracy=(float(right_before.mean()), float(right_after.mean())),
        difference=bootstrap_interval(lambda chosen: float(gain[chosen].mean()), len(truth)),
        better=_changes(better, truth, before, after, after.confidence),
        worse=_changes(worse, truth, before, after, after.confidence),
        p_value=mcnemar_exact(len(better), len(worse)),
        classes=_class_changes(truth, right_before, right_after),
        latency=(before.latency, after.latency),
    )


def _changes(
    rows: NDArray[np.int64],
    truth: NDArray[np.str_],
    before: VersionAnswers,
    after: VersionAnswers,
    order_by: NDArray[np.floating],
) -> tuple[Change, ...]:
    ordered = rows[np.argsort(-order_by[rows], kind="stable")]
    return tuple(
        Change(
            index=int(row),
            label=str(truth[row]),
            before=str(before.labels[row]),
            before_confidence=float(before.confidence[row]),
            after=str(after.labels[row]),
            after_confidence=float(after.confidence[row]),
        )
        for row in ordered
    )


def _class_changes(
    truth: NDArray[np.str_], right_before: NDArray[np.bool_], right_after: NDArray[np.bool_]
) -> tuple[ClassChange, ...]:
    changes = []
    for name in np.unique(truth):
        chosen = truth == name
        first, second = float(right_before[chosen].mean()), float(right_after[chosen].mean())
        if first != second:
            changes.append(ClassChange(str(name), int(chosen.sum()), first, second))
    return tuple(sorted(changes, key=lambda each: each.recall_after - each.recall_before))

"""Two model versions on the same pictures: what each gets right that the other does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.answering import Latency
from pipelines.evaluation.intervals import Interval, bootstrap_interval, mcnemar_exact
from pipelines.evaluation.metrics import log_loss, macro_f1


@dataclass(frozen=True, slots=True)
class VersionAnswers:
    """What one version said."""

    version: int
    class_names: tuple[str, ...]
    probabilities: NDArray[np.floating]
    """(pictures, classes)."""
    latency: Latency
    size_bytes: int = 0
    """Of the served network."""

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
    intervals: tuple[Interval, Interval]
    """95 % of each accuracy; where they overlap, `difference` still tells the two apart: it is of the same pictures."""
    macro_f1: tuple[float, float]
    log_loss: tuple[float, float]
    both_right: int
    both_wrong: int
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
    size_bytes: tuple[int, int]

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
        intervals=(_interval_of(right_before), _interval_of(right_after)),
        macro_f1=(_macro_f1(truth, before), _macro_f1(truth, after)),
        log_loss=(_log_loss(truth, before), _log_loss(truth, after)),
        both_right=int((right_before & right_after).sum()),
        both_wrong=int((~right_before & ~right_after).sum()),
        difference=bootstrap_interval(lambda chosen: float(gain[chosen].mean()), len(truth)),
        better=_changes(better, truth, before, after, after.confidence),
        worse=_changes(worse, truth, before, after, after.confidence),
        p_value=mcnemar_exact(len(better), len(worse)),
        classes=_class_changes(truth, right_before, right_after),
        latency=(before.latency, after.latency),
        size_bytes=(before.size_bytes, after.size_bytes),
    )


def _interval_of(right: NDArray[np.bool_]) -> Interval:
    return bootstrap_interval(lambda chosen: float(right[chosen].mean()), len(right))


def _macro_f1(truth: NDArray[np.str_], answers: VersionAnswers) -> float:
    names, labels = np.unique(np.concatenate([truth, answers.labels]), return_inverse=True)
    return macro_f1(labels[: len(truth)], labels[len(truth) :], len(names))


def _log_loss(truth: NDArray[np.str_], answers: VersionAnswers) -> float:
    """A label that the version has no class for has probability 0."""
    columns = {name: column for column, name in enumerate(answers.class_names)}
    extended = np.pad(answers.probabilities, ((0, 0), (0, 1)))
    return log_loss(np.array([columns.get(str(label), len(columns)) for label in truth]), extended)


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

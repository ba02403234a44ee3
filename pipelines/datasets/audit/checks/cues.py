"""Check for a spurious cue: a class that can be told without looking at the picture.

A small tree is shown file size, dimensions or border alone, and asked for the label of pictures that it has not seen.
What it can tell, a network can learn instead of the thing: the studio's white paper instead of the shoe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.findings import Evidence
from pipelines.datasets.audit.wording import say_list
from pipelines.datasets.splits import hash_position

FOLDS: Final = 5
MOST_PICTURES: Final = 5_000
"""A sample by hash of so many is enough for a tree of a few leaves, and keeps a large dataset's audit quick."""
SMALLEST_LEAF: Final = 5
CERTAINTY: Final = 2.0
"""Standard errors that are taken off before a class counts as told: of 14 pictures, some are told by luck."""

Columns = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Cue:
    """A thing about a picture that should say nothing of its class."""

    name: str
    measure: Callable[[Columns], NDArray[np.float64]]
    """(pictures, numbers): what the tree sees; the first number is the one that is told to people."""
    word: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class ToldClass:
    """How well one cue alone tells one class from the others."""

    cue: Cue
    label: str
    found: float
    """Share of its pictures that the tree gives its label."""
    mistaken: float
    """Share of the other classes' pictures that it gives that label, too."""
    excess: float
    """`found` - `mistaken`, less its uncertainty: 0 chance, 1 always right (Youden's J)."""


CUES: Final = (
    Cue("file size", lambda c: _log(c["size_bytes"]), lambda log: f"{np.exp(log) / 1000:.3g} kB"),
    Cue(
        "compression",
        lambda c: _log(c["size_bytes"] / (c["width"] * c["height"])),
        lambda log: f"{np.exp(log):.2g} bytes a pixel",
    ),
    Cue(
        "number of pixels",
        lambda c: _log(c["width"] * c["height"], c["width"], c["height"]),
        lambda log: f"{np.exp(log) / 1000:.3g} thousand pixels",
    ),
    Cue("aspect", lambda c: _log(c["width"] / c["height"]), lambda log: f"width {np.exp(log):.2f} times the height"),
    Cue(
        "border",
        lambda c: np.stack([c[f"border_{part}"] for part in ("spread", "red", "green", "blue")], axis=1),
        lambda spread: f"contrast {spread:.2f} along the border",
    ),
)


def find_spurious_cue(dataset: AuditedDataset) -> Evidence | None:
    """The classes that one cue alone gives away beyond the margin, the clearest first."""
    told = [each for each in judge_cues(dataset) if each.excess > dataset.params.cue_margin]
    if not told:
        return None
    clearest = {each.label: each for each in sorted(told, key=lambda each: (each.excess, each.cue.name))}
    chosen = sorted(clearest.values(), key=lambda each: (-each.excess, each.label))
    examples = [_typical_picture(dataset, each) for each in chosen]
    first = chosen[0]
    return Evidence(
        f"{first.label} can be told by the {first.cue.name} alone: {first.found:.0%} of its pictures, and "
        f"{first.mistaken:.0%} of the others by mistake; {_compare(dataset, first)}. "
        f"{_name_others(chosen[1:])}Take pictures of all classes in the same way, or crop and re-encode them alike.",
        count=len(chosen),
        files=tuple(path for path, _ in examples),
        notes=tuple(told for _, told in examples),
        classes=tuple(each.label for each in chosen),
    )


def judge_cues(dataset: AuditedDataset) -> list[ToldClass]:
    """Every cue on every class, by pictures that the tree has not seen; near-duplicates stay on one side."""
    places = _sample(dataset)
    labels = np.array([dataset.rows[place].label for place in places])
    if len(np.unique(labels)) < 2:
        return []
    groups = np.array([dataset.rows[place].group for place in places])
    folds = np.array([int(hash_position(group) * FOLDS) for group in groups])
    columns = {name: column[places] for name, column in dataset.columns.items()}
    told = []
    for cue in CUES:
        guessed = _guess(cue.measure(columns), labels, folds)
        told += [_judge_class(cue, str(label), labels, guessed, groups) for label in np.unique(labels)]
    return told


def _sample(dataset: AuditedDataset) -> list[int]:
    order = sorted(range(len(dataset.rows)), key=lambda place: dataset.rows[place].sha256)
    return order[:MOST_PICTURES]


def _guess(numbers: NDArray[np.float64], labels: NDArray[np.str_], folds: NDArray[np.int_]) -> NDArray[np.str_]:
    """A label for each picture, by a tree that was fitted on the other folds; every class weighs the same."""
    from sklearn.tree import DecisionTreeClassifier

    guessed = np.zeros_like(labels)
    leaves = max(8, 2 * len(np.unique(labels)))
    for fold in np.unique(folds):
        seen = folds != fold
        if not seen.any():
            continue
        tree = DecisionTreeClassifier(
            max_leaf_nodes=leaves, min_samples_leaf=SMALLEST_LEAF, class_weight="balanced", random_state=0
        )
        guessed[~seen] = tree.fit(numbers[seen], labels[seen]).predict(numbers[~seen])
    return guessed


def _judge_class(
    cue: Cue, label: str, labels: NDArray[np.str_], guessed: NDArray[np.str_], groups: NDArray[np.str_]
) -> ToldClass:
    own, taken = labels == label, guessed == label
    found, mistaken = float(taken[own].mean()), float(taken[~own].mean())
    # ten copies are one witness; Agresti and Coull's two more successes and failures: all of five is no certainty
    witnesses = len(np.unique(groups[own]))
    steady = (found * witnesses + 2) / (witnesses + 4)
    error = float(np.sqrt(steady * (1 - steady) / (witnesses + 4)))
    return ToldClass(cue, label, found, mistaken, found - mistaken - CERTAINTY * error)


def _compare(dataset: AuditedDataset, told: ToldClass) -> str:
    values = told.cue.measure(dataset.columns)[:, 0]
    own = np.array([row.label == told.label for row in dataset.rows])
    return f"usually {told.cue.word(np.median(values[own]))} against {told.cue.word(np.median(values[~own]))}"


def _typical_picture(dataset: AuditedDataset, told: ToldClass) -> tuple[str, str]:
    """The class's picture nearest to its own median, and what gives it away."""
    values = told.cue.measure(dataset.columns)[:, 0]
    own = [place for place, row in enumerate(dataset.rows) if row.label == told.label]
    median = np.median(values[own])
    typical = min(own, key=lambda place: (abs(values[place] - median), dataset.rows[place].path))
    return dataset.rows[typical].path, f"{told.label}, {told.cue.name}: {told.cue.word(values[typical])}"


def _name_others(others: list[ToldClass]) -> str:
    if not others:
        return ""
    return f"So can {say_list([f'{each.label} ({each.cue.name})' for each in others])}. "


def _log(*columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.stack(columns, axis=1), 1e-6))

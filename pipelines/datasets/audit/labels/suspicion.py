"""How suspicious each label is, by what the other pictures say: numbers in, numbers out.

Confident learning (Northcutt et al. 2021, arXiv:1911.00068) asks a model that has not seen a picture for its label
and suspects where it answers another one. The model here is ridge regression on the features of a pretrained trunk:
it takes a second where logistic regression takes a minute, and ranks planted errors better. Its word is averaged with
that of the nearest neighbours, which people can look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.audit.labels.ridge import score_labels
from pipelines.datasets.splits import hash_position

FOLDS: Final = 5
NEIGHBOURS: Final = 10
SHARPNESS: Final = 8.0
"""How much more a nearer neighbour counts, as exp(SHARPNESS * cosine similarity)."""
LOOKED_UP: Final = 0.15
"""Share of the pictures, the most suspicious by ridge, whose neighbours are looked up: a few of all pairs."""
ASKED_AT_ONCE: Final = 256
ANSWERING_AT_ONCE: Final = 4_096


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture whose label others dispute."""

    place: int
    """In the pictures that were judged."""
    proposed: int
    """Label index that the others give it."""
    margin: float
    """How much surer the others are of the proposed label than of the given one, to 1."""
    supporters: int
    """How many of its NEIGHBOURS nearest pictures have the proposed label."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the pictures say of each other's labels."""

    suspects: tuple[Suspect, ...]
    """The most suspicious first."""
    accuracy: float
    """Share of the given labels that the others would have guessed: how far they are to be believed."""


def judge_labels(features: NDArray[np.float16], labels: NDArray[np.int_], groups: Sequence[str]) -> Judgement:
    """Suspects among (pictures, numbers) features with a label index each; more pictures than NEIGHBOURS.

    Pictures of one group look alike and say nothing about each other: they are judged by the others.
    """
    classes = int(labels.max()) + 1
    folds = np.array([int(hash_position(group) * FOLDS) for group in groups])
    scores = score_labels(features, labels, folds, classes)
    order = np.argsort(-_margins(scores, labels), kind="stable")
    chosen = order[: max(NEIGHBOURS, int(LOOKED_UP * len(labels)))]
    shares, nearest = _ask_neighbours(features, labels, groups, chosen, classes)
    together = (scores[chosen] + shares) / 2
    margins = _margins(together, labels[chosen])
    together[np.arange(len(chosen)), labels[chosen]] = -np.inf
    proposed = together.argmax(axis=1)
    supporters = (labels[nearest] == proposed[:, None]).sum(axis=1)
    suspects = [
        Suspect(int(place), int(label), float(margin), int(support))
        for place, label, margin, support in zip(chosen, proposed, margins, supporters, strict=True)
        if margin > 0
    ]
    ranked = sorted(suspects, key=lambda each: (-each.margin, each.place))
    return Judgement(tuple(ranked), float((scores.argmax(axis=1) == labels).mean()))


def _margins(scores: NDArray[np.float64], labels: NDArray[np.int_]) -> NDArray[np.float64]:
    """The best other label's score less the given label's."""
    rows = np.arange(len(labels))
    others = scores.copy()
    others[rows, labels] = -np.inf
    return np.asarray(others.max(axis=1) - scores[rows, labels], np.float64)


def _ask_neighbours(
    features: NDArray[np.float16],
    labels: NDArray[np.int_],
    groups: Sequence[str],
    chosen: NDArray[np.int_],
    classes: int,
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """(chosen, classes) shares of the nearest pictures' weight, and their places (chosen, NEIGHBOURS)."""
    numbers = np.unique(np.array(groups), return_inverse=True)[1]
    shares = np.zeros((len(chosen), classes))
    nearest = np.zeros((len(chosen), NEIGHBOURS), np.int_)
    for start in range(0, len(chosen), ASKED_AT_ONCE):
        block = chosen[start : start + ASKED_AT_ONCE]
        similar = _compare(features, block)
        similar[numbers[block][:, None] == numbers[None, :]] = -1
        places = np.argpartition(-similar, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        weights = np.exp(SHARPNESS * np.take_along_axis(similar, places, axis=1))
        rows = np.repeat(np.arange(start, start + len(block)), NEIGHBOURS)
        np.add.at(shares, (rows, labels[places].ravel()), (weights / weights.sum(axis=1, keepdims=True)).ravel())
        nearest[start : start + len(block)] = places
    return shares, nearest


def _compare(features: NDArray[np.float16], asked: NDArray[np.int_]) -> NDArray[np.float32]:
    """(asked, pictures) cosine similarities."""
    directions = _direct(features[asked])
    starts = range(0, len(features), ANSWERING_AT_ONCE)
    parts = [directions @ _direct(features[start : start + ANSWERING_AT_ONCE]).T for start in starts]
    return np.concatenate(parts, axis=1)


def _direct(features: NDArray[np.float16]) -> NDArray[np.float32]:
    rows = features.astype(np.float32)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9), np.float32)

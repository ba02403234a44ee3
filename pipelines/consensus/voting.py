"""The rule: frames vote, each with its weight; a label is agreed on when enough of the weight says it.

Weights and confidences are counted in whole millionths. Sums are then exact: the same frames give the same answer to
the last bit, in any order, from memory or from the store.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from pipelines.consensus_params import ConsensusParams, Weights

RULE: Final = 2
"""Of this module; part of each policy's digest. Rule 1 was the mean of probabilities over a whole video."""
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Vote:
    """What one frame says."""

    label: str
    confidence: float
    known: bool = True
    """A frame that shows nothing known weighs as others do, and speaks for no label."""
    area: float = 1.0
    """Share of the picture that the thing takes up, 0 to 1."""
    sure_millionths: int = field(init=False)
    area_millionths: int = field(init=False)

    def __post_init__(self) -> None:
        # once a frame, not once a window that it is in
        object.__setattr__(self, "sure_millionths", round(self.confidence * MILLION))
        object.__setattr__(self, "area_millionths", round(self.area * MILLION))


@dataclass(frozen=True, slots=True)
class Consensus:
    """What a window of frames says."""

    label: str | None
    """None where the frames do not agree."""
    confidence: float | None
    """Weighted mean confidence of the frames that say `label`."""
    frames: int
    leader: str | None
    """What most of the weight says, agreed on or not; None where no frame shows anything known."""
    share: float
    """Of the weight, that says `leader`."""


WEIGHT_OF: Final[Mapping[Weights, Callable[[Vote], int]]] = {
    "none": lambda vote: MILLION,
    "confidence": attrgetter("sure_millionths"),
    "area": attrgetter("area_millionths"),
}
"""In millionths; a vote weighs one at least."""


@dataclass(slots=True)
class Sums:
    """What votes say together. Whole numbers: a vote that is taken back leaves no trace."""

    weights: Weights
    frames: int = 0
    total: int = 0
    by_label: dict[str, int] = field(default_factory=dict)
    """The weight of the votes for it; labels without one are not there."""
    sure: dict[str, int] = field(default_factory=dict)
    """By label, each vote's weight times its confidence."""

    def add(self, vote: Vote, times: int = 1) -> None:
        """`times` -1 takes a vote back that was added."""
        weight = times * (WEIGHT_OF[self.weights](vote) or 1)
        self.frames += times
        self.total += weight
        if vote.known:
            label = vote.label
            self.by_label[label] = self.by_label.get(label, 0) + weight
            self.sure[label] = self.sure.get(label, 0) + weight * vote.sure_millionths
            if not self.by_label[label]:
                del self.by_label[label], self.sure[label]

    def decide(self, policy: ConsensusParams) -> Consensus:
        """Two labels of the same weight are no agreement."""
        if not self.by_label:
            return Consensus(None, None, self.frames, None, 0.0)
        most = max(self.by_label.values())
        leaders = [label for label, weight in self.by_label.items() if weight == most]
        leader = min(leaders)
        confidence, share = self.sure[leader] / (most * MILLION), most / self.total
        enough = self.frames >= policy.min_frames and share >= policy.agreement and confidence >= policy.min_confidence
        agreed = enough and len(leaders) == 1
        return Consensus(leader if agreed else None, confidence if agreed else None, self.frames, leader, share)


def sum_up(votes: Iterable[Vote], weights: Weights) -> Sums:
    """Of all of them."""
    sums = Sums(weights)
    for vote in votes:
        sums.add(vote)
    return sums


def decide(votes: Iterable[Vote], policy: ConsensusParams) -> Consensus:
    """What the votes agree on."""
    return sum_up(votes, policy.weights).decide(policy)


def name_policy(policy: ConsensusParams) -> str:
    """As rows name it: its number, and eight digits of everything that decides."""
    words = f"{RULE} {policy.model_dump_json()}"
    return f"{policy.policy}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"

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


def decide(votes: Iterable[Vote], policy: ConsensusParams) -> Consensus:
    """Two labels of the same weight are no agreement."""
    frames = total = 0
    weights: dict[str, int] = {}
    sure: dict[str, int] = {}
    millionths = WEIGHT_OF[policy.weights]
    for vote in votes:
        weight = millionths(vote) or 1
        frames += 1
        total += weight
        if vote.known:
            label = vote.label
            weights[label] = weights.get(label, 0) + weight
            sure[label] = sure.get(label, 0) + weight * vote.sure_millionths
    if not weights:
        return Consensus(None, None, frames, None, 0.0)
    most = max(weights.values())
    leaders = [label for label, weight in weights.items() if weight == most]
    leader = min(leaders)
    confidence, share = sure[leader] / (most * MILLION), most / total
    enough = frames >= policy.min_frames and share >= policy.agreement and confidence >= policy.min_confidence
    agreed = enough and len(leaders) == 1
    return Consensus(leader if agreed else None, confidence if agreed else None, frames, leader, share)


def name_policy(policy: ConsensusParams) -> str:
    """As rows name it: its number, and eight digits of everything that decides."""
    words = f"{RULE} {policy.model_dump_json()}"
    return f"{policy.policy}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"

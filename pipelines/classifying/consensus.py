"""What a video shows, from what was said about its frames: as a whole, and from when to when.

By the rule that live cameras are answered with. A video is read to its end, so that a window may lie around a frame
instead of before it, and a stretch takes the label that leads, agreed on or not: what is short is taken away anyhow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.consensus.voting import Consensus, Vote, decide
from pipelines.consensus_params import ConsensusParams
from pipelines.inference import Answer, Inference, build_answers

DEFAULT_POLICY: Final = ConsensusParams()
LEAST_SEGMENT_SECONDS: Final = 0.5
"""What is seen for less goes to the longer one of its neighbours."""
LEAST_KNOWN_SHARE: Final = 0.1
"""Of frames with something known, below which the whole video counts as unknown."""


@dataclass(frozen=True, slots=True)
class WholeVideo:
    """The whole video in one answer."""

    answer: Answer
    """The label that leads, with its mean probability over the frames that show something known."""
    consensus: Consensus
    """Whether the frames agree on it."""
    known_frames: int
    policy: ConsensusParams = DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch with one label."""

    label: str | None
    """None where nothing known is seen."""
    confidence: float | None
    """Mean probability of the label over the segment's known frames."""
    start_seconds: float
    end_seconds: float
    frames: int


def agree(
    class_names: Sequence[str], frames: Inference, top: int, policy: ConsensusParams = DEFAULT_POLICY
) -> WholeVideo:
    """All frames as one window."""
    known = int(frames.known.sum())
    rows = frames.probabilities[frames.known] if known else frames.probabilities
    enough = known > 0 and known >= LEAST_KNOWN_SHARE * len(frames.known)
    mean = Inference(rows.mean(axis=0, keepdims=True), np.array([enough]))
    answer = build_answers(class_names, mean, len(class_names))[0]
    consensus = decide(_vote(class_names, frames), policy)
    ranking = sorted(answer.top, key=lambda pair: pair[0] != (consensus.leader or answer.label))[:top]
    answer = replace(answer, label=ranking[0][0], confidence=ranking[0][1], top=tuple(ranking))
    return WholeVideo(answer, consensus, known, policy)


def find_segments(
    class_names: Sequence[str],
    seconds: Sequence[float],
    frames: Inference,
    end_seconds: float,
    policy: ConsensusParams = DEFAULT_POLICY,
) -> tuple[Segment, ...]:
    """Stretches of one label without a gap from the first frame to `end_seconds`, in the order of time."""
    labels = _smooth(np.asarray(seconds, np.float64), _vote(class_names, frames), policy)
    changes = [i for i in range(len(labels)) if i == 0 or labels[i] != labels[i - 1]]
    edges = [*(seconds[i] for i in changes), max(end_seconds, seconds[-1])]
    runs = [
        _Run(labels[i], i, stop, edges[k], edges[k + 1])
        for k, (i, stop) in enumerate(zip(changes, [*changes[1:], len(labels)], strict=True))
    ]
    return tuple(_describe(class_names, run, frames) for run in _absorb_short(runs, LEAST_SEGMENT_SECONDS))


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames `first` to `stop` of one label; None: of nothing known."""

    label: str | None
    first: int
    stop: int
    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


def _absorb_short(runs: list[_Run], least_seconds: float) -> list[_Run]:
    """The shortest goes first; what then lies side by side with one label becomes one."""
    while len(runs) > 1:
        shortest = min(range(len(runs)), key=lambda k: runs[k].length)
        if runs[shortest].length >= least_seconds - 1e-6:
            break
        sides = [k for k in (shortest - 1, shortest + 1) if 0 <= k < len(runs)]
        label = runs[max(sides, key=lambda k: runs[k].length)].label
        first = shortest - (shortest > 0 and runs[shortest - 1].label == label)
        last = shortest + (shortest + 1 < len(runs) and runs[shortest + 1].label == label)
        one, other = runs[first], runs[last]
        runs[first : last + 1] = [_Run(label, one.first, other.stop, one.start, other.end)]
    return runs


def _vote(class_names: Sequence[str], frames: Inference) -> list[Vote]:
    best = frames.probabilities.argmax(axis=1)
    return [
        Vote(class_names[place], float(row[place]), bool(known))
        for place, row, known in zip(best.tolist(), frames.probabilities, frames.known, strict=True)
    ]


def _smooth(seconds: NDArray[np.float64], votes: Sequence[Vote], policy: ConsensusParams) -> list[str | None]:
    """For each frame the label that leads around it; None where most of the window shows nothing known."""
    half = policy.window_seconds / 2 + 1e-6
    first = np.searchsorted(seconds, seconds - half, side="left")
    last = np.searchsorted(seconds, seconds + half, side="right")
    labels: list[str | None] = []
    for start, stop in zip(first.tolist(), last.tolist(), strict=True):
        window = votes[start:stop]
        known = sum(vote.known for vote in window)
        labels.append(None if known * 2 < len(window) else decide(window, policy).leader)
    return labels


def _describe(class_names: Sequence[str], run: _Run, frames: Inference) -> Segment:
    count = run.stop - run.first
    if run.label is None:
        return Segment(None, None, run.start, run.end, count)
    part = slice(run.first, run.stop)
    known = frames.known[part]
    rows = frames.probabilities[part][known] if known.any() else frames.probabilities[part]
    place = class_names.index(run.label)
    return Segment(run.label, float(rows[:, place].mean()), run.start, run.end, count)

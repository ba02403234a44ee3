"""What a video shows, from what was said about its frames: as a whole, and from when to when.

Plain and told with each answer: probabilities are averaged over the frames that show something known. A wiser policy
gets the next number, so that an old answer stays explainable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.inference import Answer, Inference, build_answers


@dataclass(frozen=True, slots=True)
class ConsensusPolicy:
    """How frames become one answer."""

    version: int = 1
    window_seconds: float = 1.0
    """Around each frame: the frames that agree on its label."""
    least_segment_seconds: float = 0.5
    """What is seen for less goes to the longer one of its neighbours."""
    least_known_share: float = 0.1
    """Of frames with something known, below which the whole video counts as unknown."""


POLICY: Final = ConsensusPolicy()


@dataclass(frozen=True, slots=True)
class Consensus:
    """The whole video in one answer."""

    answer: Answer
    frames: int
    known_frames: int


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


def agree(class_names: Sequence[str], frames: Inference, top: int, policy: ConsensusPolicy = POLICY) -> Consensus:
    """Mean of the known frames' probabilities; of all frames where none is known."""
    known = int(frames.known.sum())
    rows = frames.probabilities[frames.known] if known else frames.probabilities
    enough = known > 0 and known >= policy.least_known_share * len(frames.known)
    mean = Inference(rows.mean(axis=0, keepdims=True), np.array([enough]))
    return Consensus(build_answers(class_names, mean, top)[0], len(frames.known), known)


def find_segments(
    class_names: Sequence[str],
    seconds: Sequence[float],
    frames: Inference,
    end_seconds: float,
    policy: ConsensusPolicy = POLICY,
) -> tuple[Segment, ...]:
    """Stretches of one label without a gap from the first frame to `end_seconds`, in the order of time."""
    labels = _smooth(np.asarray(seconds, np.float64), frames, policy)
    changes = [i for i in range(len(labels)) if i == 0 or labels[i] != labels[i - 1]]
    edges = [*(seconds[i] for i in changes), max(end_seconds, seconds[-1])]
    runs = [
        _Run(labels[i], i, stop, edges[k], edges[k + 1])
        for k, (i, stop) in enumerate(zip(changes, [*changes[1:], len(labels)], strict=True))
    ]
    return tuple(_describe(class_names, run, frames) for run in _absorb_short(runs, policy.least_segment_seconds))


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames `first` to `stop` of one class; None: of nothing known."""

    label: int | None
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


def _smooth(seconds: NDArray[np.float64], frames: Inference, policy: ConsensusPolicy) -> list[int | None]:
    """For each frame the class that its window agrees on; None where most of the window shows nothing known."""
    half = policy.window_seconds / 2 + 1e-6
    first = np.searchsorted(seconds, seconds - half, side="left")
    last = np.searchsorted(seconds, seconds + half, side="right")
    labels: list[int | None] = []
    for start, stop in zip(first, last, strict=True):
        known = frames.known[start:stop]
        if known.sum() * 2 < len(known) or not known.any():
            labels.append(None)
        else:
            labels.append(int(frames.probabilities[start:stop][known].mean(axis=0).argmax()))
    return labels


def _describe(class_names: Sequence[str], run: _Run, frames: Inference) -> Segment:
    count = run.stop - run.first
    if run.label is None:
        return Segment(None, None, run.start, run.end, count)
    part = slice(run.first, run.stop)
    known = frames.known[part]
    rows = frames.probabilities[part][known] if known.any() else frames.probabilities[part]
    return Segment(class_names[run.label], float(rows[:, run.label].mean()), run.start, run.end, count)

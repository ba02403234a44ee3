"""A challenger beside production over the frames that both answered. Plain figures; nothing here knows the store."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.evaluation.intervals import Interval, share_interval
from stream.shadow.judging.answers import UNKNOWN, Answers, NetworkTimes, Times


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds; None where nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class CameraAgreement:
    """One camera's share of equal answers."""

    camera_id: str
    frames: int
    agreement: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """So many frames on which production said one thing and the challenger another."""

    production: str
    challenger: str
    frames: int


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """The challenger against production."""

    frames: int
    agreement: Interval
    """Of 95 %; an answer is a label, or that the frame is unknown."""
    unknown: tuple[Interval, Interval]
    """Share of unknown frames, of production and of the challenger."""
    cameras: tuple[CameraAgreement, ...]
    """The least agreement first."""
    confusions: tuple[Confusion, ...]
    """Unequal answers, the most frequent first."""
    latency_ms: tuple[Percentiles, Percentiles]
    """From capture to prediction. A challenger waits for spare time: its own says nothing about how fast it is."""
    infer_ms: tuple[Percentiles, Percentiles]
    """Processor time of the networks for a frame that was asked alone."""

    @property
    def infer_ratio(self) -> float | None:
        """Of the medians, the challenger's by production's."""
        ours, theirs = self.infer_ms[1].p50, self.infer_ms[0].p50
        return None if not theirs or ours is None else ours / theirs


def compare_answers(answers: Sequence[Answers], times: Sequence[Times], network: NetworkTimes) -> ShadowComparison:
    """Of at least one frame."""
    frames = _count(answers, lambda each: True)
    return ShadowComparison(
        frames=frames,
        agreement=share_interval(_count(answers, lambda each: each.production == each.challenger), frames),
        unknown=(
            share_interval(_count(answers, lambda each: each.production == UNKNOWN), frames),
            share_interval(_count(answers, lambda each: each.challenger == UNKNOWN), frames),
        ),
        cameras=_by_camera(answers),
        confusions=_confuse(answers),
        latency_ms=(
            _percentiles(each.production_latency for each in times),
            _percentiles(each.challenger_latency for each in times),
        ),
        infer_ms=(
            _percentiles(network.production),
            _percentiles(network.challenger),
        ),
    )


def _count(answers: Iterable[Answers], which: Callable[[Answers], bool]) -> int:
    return sum(each.frames for each in answers if which(each))


def _by_camera(answers: Iterable[Answers]) -> tuple[CameraAgreement, ...]:
    frames: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for each in answers:
        frames[each.camera_id] += each.frames
        equal[each.camera_id] += each.frames if each.production == each.challenger else 0
    cameras = (CameraAgreement(name, count, equal[name] / count) for name, count in frames.items())
    return tuple(sorted(cameras, key=lambda each: (each.agreement, each.camera_id)))


def _confuse(answers: Iterable[Answers]) -> tuple[Confusion, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for each in answers:
        if each.production != each.challenger:
            counts[each.production, each.challenger] += each.frames
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confusion(said, says, frames) for (said, says), frames in ordered)


def _percentiles(values: Iterable[float]) -> Percentiles:
    known = list(values)
    if not known:
        return Percentiles(None, None, None)
    return Percentiles(*(round(float(value), 2) for value in np.percentile(known, (50, 95, 99))))

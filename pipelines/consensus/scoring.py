"""What a policy is worth on frames whose labels are known, beside the frames themselves and beside other policies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.consensus.timeline import Span, label_at
from pipelines.consensus.window import MICROSECONDS, SeenFrame, Window
from pipelines.consensus_params import ConsensusParams

WINDOWS_SECONDS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
AGREEMENTS: Final = (0.4, 0.5, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of the labelled frames; together 1."""

    accuracy: float
    wrong: float
    undecided: float
    """Without an answer: of single frames, what counts as unknown."""
    frames: int
    delay_seconds: float | None
    """Mean time from the first frame of a span to its first right answer; None where no span has one."""
    missed_spans: int
    """Spans without one right answer."""

    @property
    def error(self) -> float:
        """Frames without the right answer, be it wrong or none."""
        return 1 - self.accuracy


@dataclass(frozen=True, slots=True)
class PolicyScore:
    """A policy with its worth."""

    policy: ConsensusParams
    score: Score


def score_frames(frames: Sequence[SeenFrame], spans: Sequence[Span]) -> Score:
    """Each frame by itself."""
    return score(frames, [frame.vote.label if frame.vote.known else None for frame in frames], spans)


def score_policy(frames: Iterable[SeenFrame], spans: Sequence[Span], policy: ConsensusParams) -> Score:
    """Frames answered one after the other, as a live camera's are."""
    seen = list(frames)
    return score(seen, follow(seen, policy), spans)


def follow(frames: Iterable[SeenFrame], policy: ConsensusParams) -> list[str | None]:
    """What is agreed on at each frame."""
    window = Window()
    return [window.add(frame, policy).label for frame in frames]


def score(frames: Sequence[SeenFrame], answers: Sequence[str | None], spans: Sequence[Span]) -> Score:
    """Frames outside all spans are not judged; there must be one inside."""
    right = wrong = judged = 0
    starts: dict[int, int] = {}
    delays: dict[int, float] = {}
    for frame, answer in zip(frames, answers, strict=True):
        number = label_at(spans, frame.captured_us / MICROSECONDS)
        if number is None:
            continue
        judged += 1
        start = starts.setdefault(number, frame.captured_us)
        if answer == spans[number].label:
            right += 1
            delays.setdefault(number, (frame.captured_us - start) / MICROSECONDS)
        elif answer is not None:
            wrong += 1
    return Score(
        accuracy=right / judged,
        wrong=wrong / judged,
        undecided=(judged - right - wrong) / judged,
        frames=judged,
        delay_seconds=sum(delays.values()) / len(delays) if delays else None,
        missed_spans=len(starts) - len(delays),
    )


def score_alternatives(
    frames: Sequence[SeenFrame], spans: Sequence[Span], policy: ConsensusParams
) -> tuple[PolicyScore, ...]:
    """The policy with other windows and other agreements, its own among them."""
    windows = sorted({*WINDOWS_SECONDS, policy.window_seconds})
    agreements = sorted({*AGREEMENTS, policy.agreement})
    others = [
        policy.model_copy(update={"window_seconds": window, "agreement": agreement})
        for window in windows
        for agreement in agreements
    ]
    return tuple(PolicyScore(other, score_policy(frames, spans, other)) for other in others)


def choose_best(scores: Sequence[PolicyScore]) -> PolicyScore:
    """Most right answers; of equals the fewest wrong ones, then the shortest window and the least agreement."""
    return min(
        scores,
        key=lambda each: (
            -each.score.accuracy,
            each.score.wrong,
            each.policy.window_seconds,
            each.policy.agreement,
        ),
    )

"""`vigia evaluate --video`: a labelled video through the code that serves, frame by frame and by consensus."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.classifying.pictures import Pool
from pipelines.classifying.videos import FrameAnswer, answer_video
from pipelines.consensus.scoring import (
    PolicyScore,
    Score,
    choose_best,
    follow,
    score_alternatives,
    score_frames,
    score_policy,
)
from pipelines.consensus.timeline import Span, label_at
from pipelines.consensus.voting import Vote, name_policy
from pipelines.consensus.window import MICROSECONDS, SeenFrame
from pipelines.consensus_params import ConsensusParams
from pipelines.errors import DatasetError, VideoError

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class VideoEvaluation:
    """What came of it."""

    path: str
    rate: float
    """Frames a second that were asked."""
    spans: tuple[Span, ...]
    frames: tuple[SeenFrame, ...]
    answers: tuple[str | None, ...]
    """Agreed on at each frame, by the policy."""
    alone: Score
    """Frames by themselves."""
    chosen: PolicyScore
    """The policy of params.yaml."""
    alternatives: tuple[PolicyScore, ...]
    best: PolicyScore


def evaluate_video(
    pool: Pool, path: str, spans: tuple[Span, ...], rate: float, policy: ConsensusParams, say: Say
) -> VideoEvaluation:
    """Raises VideoError for a file that is no video, DatasetError when the spans hold none of its frames."""
    video = answer_video(pool, path, rate, 1, lambda seconds, whole: None, policy)
    if not video.frames:
        raise VideoError(f"{path}: {video.error}")
    if video.error:
        say(f"{path}: {video.error}")
    frames = to_seen_frames(video.frames)
    if all(label_at(spans, frame.captured_us / MICROSECONDS) is None for frame in frames):
        raise DatasetError(
            f"Expected labels for frames of {path}, which ends after {video.duration_seconds:.1f} s; the first span "
            f"begins at {spans[0].start_seconds:g} s. Correct the timeline."
        )
    if rate * policy.window_seconds < policy.min_frames:
        say(
            f"policy {policy.policy} can never agree at {rate:g} frames a second: windows of {policy.window_seconds:g} "
            f"s hold {rate * policy.window_seconds:g}, and consensus.min_frames is {policy.min_frames}"
        )
    alternatives = score_alternatives(frames, spans, policy)
    return VideoEvaluation(
        path=path,
        rate=rate,
        spans=spans,
        frames=frames,
        answers=tuple(follow(frames, policy)),
        alone=score_frames(frames, spans),
        chosen=PolicyScore(policy, score_policy(frames, spans, policy)),
        alternatives=alternatives,
        best=choose_best(alternatives),
    )


def to_seen_frames(frames: Sequence[FrameAnswer]) -> tuple[SeenFrame, ...]:
    """As a camera's frames would be remembered."""
    return tuple(
        SeenFrame(
            number,
            round(frame.seconds * MICROSECONDS),
            Vote(frame.answer.label, frame.answer.confidence, frame.answer.decision == "known"),
        )
        for number, frame in enumerate(frames)
    )


def describe_evaluation(evaluation: VideoEvaluation) -> dict[str, Any]:
    """Keys `video, rate, frames, frame_level, consensus, best, alternatives`."""
    return {
        "video": evaluation.path,
        "rate": evaluation.rate,
        "frames": len(evaluation.frames),
        "frame_level": _describe_score(evaluation.alone),
        "consensus": _describe_policy(evaluation.chosen),
        "best": _describe_policy(evaluation.best),
        "alternatives": [_describe_policy(each) for each in evaluation.alternatives],
    }


def tell_evaluation(evaluation: VideoEvaluation) -> None:
    """The same in a table; the best alternative is marked, and the policy of params.yaml too."""
    print(f"{'':24} {'accuracy':>8} {'wrong':>8} {'undecided':>9} {'delay s':>8}")
    print(f"{'frames by themselves':24} {_row(evaluation.alone)}")
    print(f"{f'policy {name_policy(evaluation.chosen.policy)}':24} {_row(evaluation.chosen.score)}")
    print("\nwindow s   agreement")
    for each in evaluation.alternatives:
        mark = " <- best" if each == evaluation.best else ""
        mark += " <- params.yaml" if each.policy == evaluation.chosen.policy else ""
        print(f"{each.policy.window_seconds:8g} {each.policy.agreement:11g}     {_row(each.score)}{mark}")


def _row(score: Score) -> str:
    delay = "-" if score.delay_seconds is None else f"{score.delay_seconds:.2f}"
    return f"{score.accuracy:8.4f} {score.wrong:8.4f} {score.undecided:9.4f} {delay:>8}"


def _describe_policy(each: PolicyScore) -> dict[str, Any]:
    return {"name": name_policy(each.policy), "policy": each.policy.model_dump(), **_describe_score(each.score)}


def _describe_score(score: Score) -> dict[str, Any]:
    return {**asdict(score), "error": score.error}

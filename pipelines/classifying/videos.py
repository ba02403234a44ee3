"""A video answered: sampled frames through the code that serves frames, then what they agree on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.classifying.consensus import DEFAULT_POLICY, Segment, WholeVideo, agree, find_segments
from pipelines.classifying.pictures import Pool, join_inferences
from pipelines.classifying.video_frames import VideoFrame, VideoSamples
from pipelines.consensus_params import ConsensusParams
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import VideoError
from pipelines.inference import Answer, Inference, build_answers

PER_SECOND: Final = 5.0

TellProgress = Callable[[float, float | None], None]
"""Seconds of the video that are answered, and how long it is."""


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """What was said about one sampled frame."""

    seconds: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class VideoAnswer:
    """All that was said about one video."""

    path: str
    frames: tuple[FrameAnswer, ...]
    whole: WholeVideo | None
    """None when not one frame could be read."""
    segments: tuple[Segment, ...]
    duration_seconds: float
    """How far it could be read."""
    annotated: Path | None = None
    """The video with its answers drawn in."""
    error: str = ""
    """Why it could not be read, or not to its end."""


def answer_video(
    pool: Pool,
    path: str,
    per_second: float,
    top: int,
    tell: TellProgress,
    policy: ConsensusParams = DEFAULT_POLICY,
) -> VideoAnswer:
    """A file that is no video is an answer without frames, one that breaks off is answered up to there."""
    samples = VideoSamples(path, per_second)
    seconds: list[float] = []
    parts: list[Inference] = []

    def infer(frame: VideoFrame) -> tuple[float, Inference]:
        return frame.seconds, pool.infer(frame.image)

    try:
        for at, inference in map_in_threads(infer, samples):
            seconds.append(at)
            parts.append(inference)
            tell(at, samples.duration_seconds)
    except VideoError as error:
        return VideoAnswer(path, (), None, (), 0.0, error=str(error))
    joined = join_inferences(parts)
    answers = build_answers(pool.class_names, joined, top)
    return VideoAnswer(
        path=path,
        frames=tuple(FrameAnswer(at, answer) for at, answer in zip(seconds, answers, strict=True)),
        whole=agree(pool.class_names, joined, top, policy),
        segments=find_segments(pool.class_names, seconds, joined, samples.end_seconds, policy),
        duration_seconds=samples.end_seconds,
        error=samples.broken,
    )

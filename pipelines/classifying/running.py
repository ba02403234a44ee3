"""One `vigia classify`: sources in their order, each answered, with a word of progress now and then."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Final

from pipelines.classifying.annotating import annotate_video
from pipelines.classifying.consensus import DEFAULT_POLICY
from pipelines.classifying.heatmaps import HeatmapWriter
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import PictureAnswer, Pool, answer_pictures
from pipelines.classifying.sources import Source
from pipelines.classifying.videos import PER_SECOND, VideoAnswer, answer_video
from pipelines.consensus_params import ConsensusParams
from pipelines.datasets.threads import count_cores
from pipelines.errors import VideoError

SAY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """How it shall be answered."""

    top: int = 5
    per_second: float = PER_SECOND
    video_out: Path | None = None
    heatmap: Path | None = None
    policy: ConsensusParams = DEFAULT_POLICY
    """By which the frames of a video become one answer."""


@dataclass(slots=True)
class Progress:
    """A line every few seconds; none for what is done sooner."""

    say: Callable[[str], None]
    said_at: float = field(default_factory=time.monotonic)

    def tell(self, text: str) -> None:
        if time.monotonic() - self.said_at >= SAY_SECONDS:
            self.said_at = time.monotonic()
            self.say(text)


def classify_sources(
    opened: OpenedVersion, sources: Sequence[Source], wishes: Wishes, say: Callable[[str], None]
) -> Iterator[PictureAnswer | VideoAnswer]:
    """An answer a source, in their order. What cannot be read is an answer with an `error`; the others go on."""
    readable = [source for source in sources if source.kind != "nothing"]
    progress = Progress(say)
    if not readable:
        yield from _say_missing(sources)
        return
    several = len(readable) > 1 or readable[0].kind == "video"
    pool = Pool(opened.load(threads=count_cores() if several else 1))
    draw = HeatmapWriter.open(opened, pool, wishes.heatmap, readable).write if wishes.heatmap else None
    done = 0
    for kind, group in groupby(sources, key=lambda source: source.kind):
        answers: Iterable[PictureAnswer | VideoAnswer]
        if kind == "nothing":
            answers = _say_missing(group)
        elif kind == "picture":
            answers = answer_pictures(pool, group, wishes.top, draw)
        else:
            answers = (_answer_video(pool, source.path, wishes, progress) for source in group)
        for answered in answers:
            done += 1
            progress.tell(f"{done} of {len(sources)} files")
            yield answered


def _say_missing(sources: Iterable[Source]) -> Iterator[PictureAnswer]:
    for source in sources:
        yield PictureAnswer(source.path, None, source.reason, kind="nothing")


def _answer_video(pool: Pool, path: str, wishes: Wishes, progress: Progress) -> VideoAnswer:
    def tell(what: str) -> Callable[[float, float | None], None]:
        def say(seconds: float, whole: float | None) -> None:
            progress.tell(f"{Path(path).name}: {seconds:.0f}" + (f" of {whole:.0f} s" if whole else " s") + what)

        return say

    video = answer_video(pool, path, wishes.per_second, wishes.top, tell(" classified"), wishes.policy)
    if wishes.video_out is None or not video.frames:
        return video
    try:
        annotate_video(video, wishes.video_out, tell(" drawn"))
    except VideoError as error:  # the answers are there all the same
        return replace(video, error=f"{video.error} {error}".strip())
    return replace(video, annotated=wishes.video_out.absolute())

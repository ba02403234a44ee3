"""A drawn video with a known timeline of labels: things of a classifier's classes come, stay a little, and go."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.datasets.drawn_pictures import SUPERSAMPLING, Actor, Drawing
from pipelines.errors import DatasetError

SECONDS = 20
FRAMES_PER_SECOND = 25
SIZE = (640, 360)
VISITS = 5


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """While at least half of a thing is in the picture."""

    from_seconds: float
    to_seconds: float
    """Of the first frame in which it no longer is."""
    label: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One thing's way through the picture."""

    label: str
    starts: float
    ends: float
    """Seconds at which its first and last pixel are seen."""
    rightwards: bool


@dataclass(frozen=True)
class DrawnVideo:
    """The same frames on every call; nothing is drawn until asked."""

    drawing: Drawing
    seed: int
    size: tuple[int, int] = SIZE

    @property
    def frames(self) -> int:
        return SECONDS * FRAMES_PER_SECOND

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        return plan_visits(self.drawing.CLASS_NAMES, np.random.default_rng((self.seed, 0, 5)))

    def timeline(self) -> tuple[LabelSpan, ...]:
        """In the order of time; between two spans there is nothing to name."""
        spans = []
        for visit, actor in zip(self.visits, self._actors, strict=True):
            inside = [frame for frame in range(self.frames) if self._is_inside(visit, actor, frame / FRAMES_PER_SECOND)]
            spans.append(LabelSpan(inside[0] / FRAMES_PER_SECOND, (inside[-1] + 1) / FRAMES_PER_SECOND, visit.label))
        return tuple(spans)

    def draw_frames(self, first: int = 0, last: int | None = None) -> Iterator[Image.Image]:
        """RGB pictures of `size`, from frame `first` up to and without `last`."""
        for frame in range(first, self.frames if last is None else last):
            yield self._draw(frame / FRAMES_PER_SECOND)

    @property
    def _canvas_size(self) -> tuple[int, int]:
        return self.size[0] * SUPERSAMPLING, self.size[1] * SUPERSAMPLING

    @cached_property
    def _stage(self) -> Image.Image:
        return self.drawing.paint_stage(self._canvas_size, np.random.default_rng((self.seed, 1, 5)))

    @cached_property
    def _actors(self) -> tuple[Actor, ...]:
        return tuple(
            self.drawing.cast_actor(visit.label, self._canvas_size, np.random.default_rng((self.seed, 2 + number, 5)))
            for number, visit in enumerate(self.visits)
        )

    def _draw(self, seconds: float) -> Image.Image:
        canvas = self._stage.copy()
        for visit, actor in zip(self.visits, self._actors, strict=True):
            if not visit.starts <= seconds <= visit.ends:
                continue
            # actors look to the right: whoever goes left does so in a mirror
            if not visit.rightwards:
                canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            actor.paint(canvas, self._middle(visit, actor, seconds), seconds - visit.starts)
            if not visit.rightwards:
                canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return canvas.reduce(SUPERSAMPLING)

    def _middle(self, visit: Visit, actor: Actor, seconds: float) -> float:
        """Where the thing is, in pixels of the canvas from the side where it came in: slow in the middle."""
        share = 2 * (seconds - visit.starts) / (visit.ends - visit.starts) - 1
        width = self._canvas_size[0]
        return width / 2 + (width / 2 + actor.half_width) * (0.35 * share + 0.65 * share**3)

    def _is_inside(self, visit: Visit, actor: Actor, seconds: float) -> bool:
        if not visit.starts <= seconds <= visit.ends:
            return False
        return 0 <= self._middle(visit, actor, seconds) <= self._canvas_size[0]


def plan_visits(labels: tuple[str, ...], random: np.random.Generator) -> tuple[Visit, ...]:
    """One after the other, with gaps between them and at both ends, and never the same label twice running."""
    gaps, stays = random.uniform(0.22, 0.36, VISITS + 1), random.uniform(0.9, 1.3, VISITS)
    steps = np.stack((gaps[:-1], stays), axis=1).reshape(-1)
    times = (np.cumsum(steps) * SECONDS / (gaps.sum() + stays.sum())).round(2).tolist()
    visits: list[Visit] = []
    for starts, ends in zip(times[::2], times[1::2], strict=True):
        others = [label for label in labels if not visits or label != visits[-1].label]
        visits.append(Visit(others[random.integers(len(others))], starts, ends, bool(random.random() < 0.5)))
    return tuple(visits)


def timeline_path(file: Path) -> Path:
    """Beside gate.mp4 lies gate.timeline.json."""
    return file.with_suffix(".timeline.json")


def write_video(file: Path, video: DrawnVideo) -> tuple[LabelSpan, ...]:
    """Write the video, and its timeline beside it; neither is there before it is whole.

    Raises DatasetError for a file that cannot be written or whose ending names no video format.
    """
    part = file.with_name(f".{file.name}.part{file.suffix}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _encode(part, video)
        part.replace(file)
    except (OSError, ValueError) as error:
        raise DatasetError(f"Expected a file that can become a video, such as gate.mp4; {file}: {error}.") from error
    finally:
        part.unlink(missing_ok=True)
    spans = video.timeline()
    document = json.dumps([asdict(span) for span in spans], indent=2)
    timeline_path(file).write_text(document + "\n", encoding="utf-8")
    return spans


def _encode(file: Path, video: DrawnVideo) -> None:
    """H.264 where PyAV has it, MPEG-4 elsewhere."""
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(str(file), "w") as container:
        # one of several kinds of stream, as the codec is only known here
        stream: Any = container.add_stream(codec, rate=FRAMES_PER_SECOND)
        stream.width, stream.height = video.size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 1_500_000
        for picture in video.draw_frames():
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

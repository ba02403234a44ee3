"""Frames of a video file at a sampling rate, with their times; a file that breaks off says where."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipelines.errors import VideoError
from pipelines.images import Image

LONGEST_SIDE: Final = 1280
"""Larger frames are scaled down while they become RGB: several of 4K would need gigabytes, and no network sees more."""
END_TOLERANCE_SECONDS: Final = 1.0
"""A video that ends so much earlier than its header says is broken."""
FRAMES_BETWEEN: Final = 4
"""With so many frames from one sample to the next, those that no other frame needs are not decoded."""


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A decoded frame."""

    seconds: float
    """Since the video's start."""
    image: Image


class VideoSamples:
    """To be read once. What is known of the end is known when the frames are read."""

    def __init__(self, path: str, per_second: float | None, *, longest: int = LONGEST_SIDE) -> None:
        """`per_second` None: every frame. `longest`: no side of a frame is longer."""
        self.path = path
        self.broken = ""
        """Why the file could not be read to its end, and what to do."""
        self.end_seconds = 0.0
        """How far it could be read."""
        self.duration_seconds: float | None = None
        """How long it says it is."""
        self.begin_seconds = 0.0
        """The file's own time of the first frame."""
        self.codec: str | None = None
        self._per_second = per_second
        self._longest = longest

    def __iter__(self) -> Iterator[VideoFrame]:
        """Raises VideoError for a file that is no video or holds not one frame."""
        import av

        with open_video(self.path) as container:
            stream = container.streams.video[0]
            self.duration_seconds = _duration(container, stream)
            self.codec = stream.codec_context.name
            stream.thread_type = "AUTO"
            rate = float(stream.average_rate or 0)
            if self._per_second and rate >= FRAMES_BETWEEN * self._per_second:
                stream.codec_context.skip_frame = "NONREF"
            why, read = "", 0
            try:
                for seconds, frame, is_sample in self._sample(container, stream, rate):
                    read += 1
                    self.end_seconds = seconds + (1 / rate if rate else 0)
                    if is_sample:
                        yield VideoFrame(seconds, to_image(frame, self._longest))
            except av.FFmpegError as error:
                why = f"{error.strerror or error}."
            if not read:
                raise VideoError(f"Expected a video with frames, found none. {why} Save it again from its source.")
            self.broken = self._describe_break(why)

    def _sample(self, container: Any, stream: Any, rate: float) -> Iterator[tuple[float, Any, bool]]:
        """Each decoded frame with its time; a sample is the first one at or after each multiple of the interval."""
        due = 0.0
        for number, frame in enumerate(container.decode(stream)):
            told = frame.time if frame.time is not None else number / (rate or 25)
            if number == 0:
                self.begin_seconds = told
            seconds = max(0.0, told - self.begin_seconds)
            is_sample = self._per_second is None or seconds >= due - 1e-6
            if is_sample and self._per_second:
                due = (np.floor(seconds * self._per_second + 1e-6) + 1) / self._per_second
            yield seconds, frame, is_sample

    def _describe_break(self, why: str) -> str:
        said = self.duration_seconds
        short = said is not None and self.end_seconds < said - END_TOLERANCE_SECONDS
        if not why and not short:
            return ""
        length = f" of {said:.1f} s" if said is not None else ""
        return (
            f"Expected a whole video, it breaks off after {self.end_seconds:.1f} s{length}. {why} "
            "What comes before is answered; copy the file again from its source."
        ).replace("  ", " ")


def open_video(path: str) -> Any:
    """PyAV's container. Raises VideoError for a file without a video stream."""
    import av

    try:
        container = av.open(path)
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            f"Expected a video file, it cannot be opened. {error.strerror or error}. Save it again from its source."
        ) from error
    if not container.streams.video:
        container.close()
        raise VideoError("Expected a video with pictures, found none in it. Name another file.")
    return container


def turn_upright(image: Image, degrees: int) -> Image:
    """As a player shows it; `degrees` counter-clockwise, as the file says."""
    quarter = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter)) if quarter else image


def fit_within(width: int, height: int, longest: int = LONGEST_SIDE) -> tuple[int, int]:
    """The same shape, no side longer than `longest`."""
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def to_image(frame: Any, longest: int = LONGEST_SIDE) -> Image:
    """Of PyAV's frame: upright, no side longer than `longest`."""
    width, height = fit_within(frame.width, frame.height, longest)
    if (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return turn_upright(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), frame.rotation)


def _duration(container: Any, stream: Any) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1_000_000

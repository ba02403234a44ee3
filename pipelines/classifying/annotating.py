"""The annotated video: every frame of the file as H.264 in MP4, with what was said drawn in, and its sound."""

import os
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from pipelines.classifying.captions import Captions, Layout
from pipelines.classifying.video_frames import VideoSamples, open_video
from pipelines.classifying.videos import TellProgress, VideoAnswer
from pipelines.errors import VideoError

TIME_BASE: Final = Fraction(1, 90_000)
LEAST_HEIGHT: Final = 360
"""Smaller videos are enlarged, so that words can be read."""
MP4_SOUND: Final = frozenset({"aac", "mp3", "ac3"})
"""Copied as it is; sound of another kind is left out."""
ENCODER: Final = {"crf": "21", "preset": "veryfast"}


def annotate_video(video: VideoAnswer, file: Path, tell: TellProgress) -> None:
    """Write `file` anew; it is there whole or, after an error, as it was. Raises VideoError."""
    import av

    partial = file.with_name(f".{file.name}.partial")
    try:
        with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as output:
            _write(output, video, tell)
        os.replace(partial, file)
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            f"Expected to write {file}. {error.strerror or error}. Name another place with --video-out."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def output_size(width: int, height: int) -> tuple[int, int]:
    """Even, as H.264 wants it, and high enough for words."""
    scale = -(-LEAST_HEIGHT // height) if height < LEAST_HEIGHT else 1
    return width * scale // 2 * 2, height * scale // 2 * 2


def _write(output: Any, video: VideoAnswer, tell: TellProgress) -> None:
    samples = VideoSamples(video.path, None)
    frames = iter(samples)
    first = next(frames)  # there is one: it was answered
    size = output_size(first.image.shape[1], first.image.shape[0])
    stream = _add_stream(output, size)
    captions = Captions(video.segments, video.duration_seconds, Layout(*size))
    starts = [frame.seconds for frame in video.frames]
    written = -1
    with open_video(video.path) as source:
        sound = _Sound(source, output, samples.begin_seconds)
        for frame in chain((first,), frames):
            ticks = round(frame.seconds / TIME_BASE)
            if ticks <= written:  # a file whose clock steps back: MP4's may not
                continue
            written = ticks
            answer = video.frames[max(0, bisect_right(starts, frame.seconds + 1e-6) - 1)].answer
            picture = PillowImage.fromarray(frame.image).resize(size, PillowImage.Resampling.BILINEAR)
            captions.draw(picture, frame.seconds, answer)
            sound.copy_until(frame.seconds)
            output.mux(stream.encode(_to_video_frame(picture, ticks)))
            tell(frame.seconds, video.duration_seconds)
        output.mux(stream.encode(None))
        sound.copy_until(video.duration_seconds)


def _add_stream(output: Any, size: tuple[int, int]) -> Any:
    stream = output.add_stream("libx264", options=dict(ENCODER))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = TIME_BASE
    return stream


def _to_video_frame(picture: PillowImage.Image, ticks: int) -> Any:
    import av

    frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
    frame.pts, frame.time_base = ticks, TIME_BASE
    return frame


class _Sound:
    """The first sound of a file, copied packet by packet beside the pictures."""

    def __init__(self, source: Any, output: Any, begin_seconds: float) -> None:
        self._begin = begin_seconds
        self._output = output
        streams = [stream for stream in source.streams.audio if stream.codec_context.name in MP4_SOUND]
        self._packets: Iterator[Any] = source.demux(streams[0]) if streams else iter(())
        self._stream = output.add_stream_from_template(streams[0]) if streams else None
        self._next = next(self._packets, None)

    def copy_until(self, seconds: float) -> None:
        """Broken sound ends the sound, not the video."""
        import av

        try:
            while self._next is not None and self._time(self._next) <= seconds:
                self._copy(self._next)
                self._next = next(self._packets, None)
        except av.FFmpegError:
            self._next = None

    def _time(self, packet: Any) -> float:
        return 0.0 if packet.pts is None else float(packet.pts * packet.time_base) - self._begin

    def _copy(self, packet: Any) -> None:
        if packet.pts is None or self._time(packet) < 0:  # the flush at the end, or before the first picture
            return
        shift = round(self._begin / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts
        packet.stream = self._stream
        self._output.mux(packet)

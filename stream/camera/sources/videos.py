"""A video file as a source, played at its own pace."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.classifying.video_frames import VideoFrame, VideoSamples
from pipelines.errors import CameraError, VideoError
from pipelines.images import Image
from stream.camera.addresses import SourceKind, redact
from stream.camera.sources.pictures import LONGEST_SIDE, SourceFrame


class VideoFileSource:
    """At most `rate` frames a second of the video, upright, read to where it breaks off."""

    kind: SourceKind = "video"

    def __init__(self, file: Path, rate: float, longest: int | None) -> None:
        self.shown = redact(str(file))
        self.codec: str | None = None
        self._file = file
        self._rate = rate
        self._longest = longest or LONGEST_SIDE

    def frames(self) -> Iterator[SourceFrame]:
        if not self._file.is_file():
            raise CameraError(f"Expected a video file at {self.shown}, found none. Correct its source.")
        samples = VideoSamples(str(self._file), self._rate, longest=self._longest)
        before: float | None = None
        try:
            for sample in samples:
                self.codec = samples.codec
                interval = None if before is None else sample.seconds - before
                before = sample.seconds
                yield SourceFrame(partial(_image, sample), f"{self._file.name}@{sample.seconds:.3f}s", interval)
        except VideoError as error:
            raise CameraError(f"{self.shown}: {error}") from None
        if samples.broken:
            raise CameraError(f"{self.shown}: {samples.broken}")


def _image(sample: VideoFrame) -> Image:
    return sample.image

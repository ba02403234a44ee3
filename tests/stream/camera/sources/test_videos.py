from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import CameraError
from stream.camera.sources.pictures import SourceFrame
from stream.camera.sources.videos import VideoFileSource
from tests.pipelines.classifying.artefacts import write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 10 frames a second."""
    return write_video(tmp_path_factory.mktemp("video") / "gate.mp4", ["red", "green", "blue"])


def test_a_video_gives_so_many_frames_a_second_with_the_time_between_them_and_a_name_of_their_time(video: Path) -> None:
    source = VideoFileSource(video, rate=5, longest=None)

    frames = list(source.frames())

    assert len(frames) == 15
    assert frames[0].interval_seconds is None
    assert [frame.interval_seconds for frame in frames[1:]] == pytest.approx([0.2] * 14)
    assert [frame.image_name for frame in frames[:2]] == ["gate.mp4@0.000s", "gate.mp4@0.200s"]
    assert source.codec == "h264"


def test_frames_are_scaled_and_read_again_from_the_start(video: Path) -> None:
    source = VideoFileSource(video, rate=1, longest=16)

    first, again = [np.asarray(next(source.frames()).load()) for _ in range(2)]

    assert max(first.shape) == 16
    assert (first == again).all()


@pytest.mark.parametrize("content", [b"", b"rubble" * 1000])
def test_a_file_of_no_size_or_of_another_kind_is_an_error_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gate.mp4").write_bytes(content)

    with pytest.raises(CameraError, match=r"gate\.mp4: Expected a video"):
        list(VideoFileSource(tmp_path / "gate.mp4", 5, None).frames())


def test_a_file_that_is_missing_is_an_error_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="Correct its source"):
        list(VideoFileSource(tmp_path / "gate.mp4", 5, None).frames())


def test_a_video_that_breaks_off_gives_its_frames_and_then_says_so(video: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.mkv"
    write_video(half, ["red", "green", "blue"])
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    frames: list[SourceFrame] = []

    def read() -> None:
        frames.extend(VideoFileSource(half, 5, None).frames())

    with pytest.raises(CameraError, match="breaks off"):
        read()

    assert 0 < len(frames) < 15

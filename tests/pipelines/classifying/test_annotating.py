from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipelines.classifying.annotating import annotate_video, output_size
from pipelines.classifying.pictures import Pool
from pipelines.classifying.videos import VideoAnswer, answer_video
from pipelines.errors import VideoError
from tests.pipelines.classifying.artefacts import write_video


def tell(seconds: float, whole: float | None) -> None:
    """Say nothing."""


@pytest.fixture
def answered(pool: Pool, tmp_path: Path) -> VideoAnswer:
    return answer_video(pool, str(write_video(tmp_path / "a.mp4", ["red", "blue"])), 5, 2, tell)


def add_sound(video: Path, file: Path) -> Path:
    """The same pictures with as much silence beside them."""
    with av.open(str(video)) as source, av.open(str(file), "w") as output:
        pictures = source.streams.video[0]
        copied = output.add_stream_from_template(pictures)
        sound: Any = output.add_stream("aac", rate=16_000, layout="mono")
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copied
                output.mux(packet)
        for number in range(30):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, number * 1024
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return file


def test_every_frame_is_there_with_words_at_its_foot(answered: VideoAnswer, tmp_path: Path) -> None:
    annotate_video(answered, tmp_path / "out.mp4", tell)

    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
        assert stream.codec_context.name == "h264"
    assert [at for at, _ in frames] == pytest.approx([i / 10 for i in range(20)], abs=0.01)
    assert frames[0][1].shape == (384, 576, 3)
    assert frames[3][1][100, 300].tolist() == pytest.approx([230, 20, 20], abs=25)
    assert frames[15][1][100, 300].tolist() == pytest.approx([20, 20, 230], abs=25)
    assert frames[3][1][-4, 300].max() < 90
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "out.mp4"]


def test_the_sound_comes_along(answered: VideoAnswer, pool: Pool, tmp_path: Path) -> None:
    loud = add_sound(Path(answered.path), tmp_path / "loud.mp4")

    annotate_video(answer_video(pool, str(loud), 5, 1, tell), tmp_path / "out.mp4", tell)

    with av.open(str(tmp_path / "out.mp4")) as container:
        sound = container.streams.audio[0]
        packets = [packet for packet in container.demux(sound) if packet.pts is not None]
        assert sound.codec_context.name == "aac"
        assert float((sound.duration or 0) * (sound.time_base or 0)) == pytest.approx(30 * 1024 / 16_000, abs=0.15)
        assert len(packets) >= 30


def test_a_video_that_breaks_off_is_drawn_up_to_there(pool: Pool, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mkv", ["red", "green"] * 3)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    video = answer_video(pool, str(whole), 5, 2, tell)

    annotate_video(video, tmp_path / "out.mp4", tell)

    with av.open(str(tmp_path / "out.mp4")) as container:
        last = [frame.time for frame in container.decode(video=0)][-1]
    assert last == pytest.approx(video.duration_seconds, abs=0.35)


def test_what_cannot_be_written_leaves_the_old_file(answered: VideoAnswer, tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()

    with pytest.raises(VideoError, match="Name another place with --video-out"):
        annotate_video(answered, tmp_path / "folder.mp4", tell)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "folder.mp4"]


def test_small_videos_are_enlarged_and_sides_are_even() -> None:
    assert output_size(200, 154) == (600, 462)
    assert output_size(641, 361) == (640, 360)
    assert output_size(1280, 720) == (1280, 720)

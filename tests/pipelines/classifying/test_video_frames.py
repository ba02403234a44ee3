from pathlib import Path

import numpy as np
import pytest

from pipelines.classifying.video_frames import VideoSamples, fit_within, turn_upright
from pipelines.errors import VideoError
from tests.pipelines.classifying.artefacts import write_video


@pytest.mark.parametrize("per_second", [1.0, 2.0, 5.0, 100.0])
def test_samples_come_at_the_rate_asked_for_or_the_videos_own(tmp_path: Path, per_second: float) -> None:
    samples = VideoSamples(str(write_video(tmp_path / "a.mp4", ["red"] * 3)), per_second)

    seconds = [frame.seconds for frame in samples]

    assert len(seconds) == 3 * min(per_second, 10)
    assert seconds[0] == 0
    # with frames left out a sample may come up to three frames late, never early
    assert all(0 <= at - i / min(per_second, 10) <= 0.31 for i, at in enumerate(seconds))
    assert samples.broken == ""
    assert samples.end_seconds == pytest.approx(3, abs=0.31)


def test_frames_are_rgb(tmp_path: Path) -> None:
    first = next(iter(VideoSamples(str(write_video(tmp_path / "a.mp4", ["red"])), 5)))

    assert first.image.shape == (64, 96, 3)
    assert first.image[32, 48].tolist() == pytest.approx([230, 20, 20], abs=8)


@pytest.mark.parametrize(("name", "options"), [("a.mkv", {}), ("a.mp4", {"movflags": "+faststart"})])
def test_a_video_that_breaks_off_gives_what_is_there_and_says_where(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    whole = write_video(tmp_path / name, ["red", "green"] * 4, options=options)
    half = whole.with_name(f"half-{name}")
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    samples = VideoSamples(str(half), 5)

    seconds = [frame.seconds for frame in samples]

    assert 0 < seconds[-1] < 7
    assert samples.broken.startswith(
        f"Expected a whole video, it breaks off after {samples.end_seconds:.1f} s of 8.0 s"
    )


def test_a_file_that_is_no_video_or_holds_no_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("not a video", encoding="utf-8")
    write_video(tmp_path / "empty.mkv", [])

    for name in ("words.mp4", "empty.mkv", "gone.mp4"):
        with pytest.raises(VideoError, match="Expected a video"):
            list(VideoSamples(str(tmp_path / name), 5))


def test_a_sideways_video_is_turned_counter_clockwise() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 2] = 255

    assert turn_upright(image, 90)[0, 0].tolist() == [255, 255, 255]
    assert turn_upright(image, -90).shape == (3, 2, 3)
    assert turn_upright(image, -90)[2, 1].tolist() == [255, 255, 255]
    assert turn_upright(image, 0) is image


def test_large_frames_keep_their_shape() -> None:
    assert fit_within(3840, 2160) == (1280, 720)
    assert fit_within(640, 480) == (640, 480)

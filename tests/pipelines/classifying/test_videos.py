from pathlib import Path

import pytest

from pipelines.classifying.pictures import Pool
from pipelines.classifying.videos import answer_video
from tests.pipelines.classifying.artefacts import write_video


def test_a_video_is_answered_by_frame_by_stretch_and_as_a_whole(pool: Pool, tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.mp4", ["red", "red", "red", "grey", "grey", "grey", "blue", "blue"])
    heard: list[float] = []

    video = answer_video(pool, str(file), 5, 2, lambda at, whole: heard.append(at))

    assert len(video.frames) == 40
    assert video.whole is not None
    assert (video.whole.answer.label, video.whole.known_frames) == ("red", 25)
    assert [each.label for each in video.segments] == ["red", None, "blue"]
    assert [each.start_seconds for each in video.segments] == pytest.approx([0, 3, 6], abs=0.21)
    assert video.segments[-1].end_seconds == pytest.approx(8, abs=0.21)
    assert heard == [frame.seconds for frame in video.frames]
    assert video.error == ""


def test_a_file_that_is_no_video_is_an_answer_without_frames(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("not a video", encoding="utf-8")

    video = answer_video(pool, str(tmp_path / "words.mp4"), 5, 2, lambda at, whole: None)

    assert (video.frames, video.whole, video.segments) == ((), None, ())
    assert "Expected a video file" in video.error

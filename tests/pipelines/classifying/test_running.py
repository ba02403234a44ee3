from pathlib import Path

import pytest

from pipelines.classifying import running
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import PictureAnswer
from pipelines.classifying.running import Wishes, classify_sources
from pipelines.classifying.sources import find_sources
from pipelines.classifying.videos import VideoAnswer
from tests.pipelines.classifying.artefacts import write_picture, write_video


def test_pictures_and_videos_are_answered_in_the_order_in_which_they_were_named(
    opened: OpenedVersion, tmp_path: Path
) -> None:
    names = [
        str(write_picture(tmp_path / "1.jpg", "red")),
        str(write_video(tmp_path / "2.mp4", ["green"])),
        str(tmp_path / "gone.jpg"),
        str(write_picture(tmp_path / "3.jpg", "blue")),
    ]

    answers = list(classify_sources(opened, find_sources(names), Wishes(), print))

    assert [answered.path for answered in answers] == names
    assert [bool(answered.error) for answered in answers] == [False, False, True, False]


def test_heatmaps_and_the_annotated_video_are_named_in_the_answers(opened: OpenedVersion, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "1.jpg", "red")
    video = write_video(tmp_path / "2.mp4", ["green"])

    (drawn,) = classify_sources(opened, find_sources([str(picture)]), Wishes(heatmap=tmp_path / "maps"), print)
    (film,) = classify_sources(opened, find_sources([str(video)]), Wishes(video_out=tmp_path / "out.mp4"), print)

    assert isinstance(drawn, PictureAnswer)
    assert drawn.heatmap == tmp_path / "maps" / "1.heatmap.jpg"
    assert drawn.heatmap.is_file()
    assert isinstance(film, VideoAnswer)
    assert film.annotated == tmp_path / "out.mp4"
    assert film.annotated.is_file()


def test_answers_are_there_when_the_drawn_video_cannot_be_written(opened: OpenedVersion, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", ["green"])
    (tmp_path / "folder.mp4").mkdir()

    (film,) = classify_sources(opened, find_sources([str(video)]), Wishes(video_out=tmp_path / "folder.mp4"), print)

    assert isinstance(film, VideoAnswer)
    assert film.frames
    assert film.annotated is None
    assert "Expected to write" in film.error


def test_what_takes_long_says_how_far_it_is(
    opened: OpenedVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SAY_SECONDS", 0.0)
    said: list[str] = []
    video = write_video(tmp_path / "film.mp4", ["green"])

    list(classify_sources(opened, find_sources([str(video)]), Wishes(), said.append))

    assert said[0] == "film.mp4: 0 of 1 s classified"
    assert said[-1] == "1 of 1 files"

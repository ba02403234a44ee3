import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.datasets.drawn_pictures import Actor, DrawnPicture
from pipelines.datasets.drawn_video import (
    FRAMES_PER_SECOND,
    SECONDS,
    DrawnVideo,
    LabelSpan,
    plan_visits,
    timeline_path,
    write_video,
)
from pipelines.datasets.samples import DRAWINGS
from pipelines.errors import DatasetError

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@dataclass(frozen=True)
class SquareDrawing:
    """Squares of one colour on black: cheap, and their label can be read off a pixel."""

    CLASS_NAMES: tuple[str, ...] = tuple(COLOURS)
    SUBJECT: str = "colours"
    THINGS: str = "squares"

    def draw_picture(self, index: int, seed: int) -> DrawnPicture:
        raise NotImplementedError

    def paint_stage(self, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
        return Image.new("RGB", size)

    def cast_actor(self, label: str, size: tuple[int, int], random: np.random.Generator) -> Actor:
        def paint(canvas: Image.Image, x: float, seconds: float) -> None:
            canvas.paste(COLOURS[label], (round(x) - 20, 0, round(x) + 20, size[1]))

        return Actor(20, paint)


def read_label(frame: Image.Image) -> str | None:
    """The colour of most of what is not black."""
    seen = np.asarray(frame).reshape(-1, 3)
    sums = seen.astype(int).sum(axis=0)
    return list(COLOURS)[int(sums.argmax())] if sums.max() else None


@pytest.fixture
def squares() -> DrawnVideo:
    return DrawnVideo(SquareDrawing(), seed=3, size=(64, 36))


def test_the_same_seed_draws_the_same_frames_and_another_seed_does_not(squares: DrawnVideo) -> None:
    again, other = DrawnVideo(SquareDrawing(), 3, (64, 36)), DrawnVideo(SquareDrawing(), 4, (64, 36))

    first = [frame.tobytes() for frame in squares.draw_frames()]

    assert first == [frame.tobytes() for frame in again.draw_frames()]
    assert first != [frame.tobytes() for frame in other.draw_frames()]
    assert len(first) == SECONDS * FRAMES_PER_SECOND


def test_the_timeline_names_what_can_be_seen_at_every_moment(squares: DrawnVideo) -> None:
    spans = squares.timeline()

    for number, frame in enumerate(squares.draw_frames()):
        seconds = number / FRAMES_PER_SECOND
        said = [span.label for span in spans if span.from_seconds <= seconds < span.to_seconds]
        # while it comes and goes, a thing is seen a little before it is named
        assert said in ([read_label(frame)], [])
    named = sum(span.to_seconds - span.from_seconds for span in spans)
    assert 0.5 * SECONDS < named < 0.9 * SECONDS


def test_between_two_things_there_is_nothing_to_see(squares: DrawnVideo) -> None:
    spans = squares.timeline()

    for before, after in pairwise(spans):
        middle = round((before.to_seconds + after.from_seconds) / 2 * FRAMES_PER_SECOND)
        assert before.to_seconds < after.from_seconds
        assert read_label(next(squares.draw_frames(middle, middle + 1))) is None


@pytest.mark.parametrize("seed", range(5))
def test_visits_follow_each_other_within_the_video_and_change_their_label(seed: int) -> None:
    visits = plan_visits(("a", "b"), np.random.default_rng(seed))

    times = [0.0, *(time for visit in visits for time in (visit.starts, visit.ends)), SECONDS]
    assert times == sorted(times)
    assert all(one.label != other.label for one, other in pairwise(visits))


@pytest.mark.parametrize("classifier", sorted(DRAWINGS))
def test_every_classifier_has_a_scene_and_things_that_cross_it(classifier: str) -> None:
    video = DrawnVideo(DRAWINGS[classifier], seed=1, size=(96, 54))
    span = video.timeline()[0]
    middle = round((span.from_seconds + span.to_seconds) / 2 * FRAMES_PER_SECOND)

    empty, there = next(video.draw_frames(0, 1)), next(video.draw_frames(middle, middle + 1))

    changed = np.abs(np.asarray(empty, float) - np.asarray(there, float)).max(axis=2) > 12
    assert span.label in DRAWINGS[classifier].CLASS_NAMES
    assert 0.08 < changed.mean() < 0.9


def test_the_file_can_be_played_and_its_timeline_lies_beside_it(squares: DrawnVideo, tmp_path: Path) -> None:
    import av

    spans = write_video(tmp_path / "new" / "gate.mp4", squares)

    with av.open(str(tmp_path / "new" / "gate.mp4")) as container:
        stream = container.streams.video[0]
        sizes = {(frame.width, frame.height) for frame in container.decode(stream)}
        length = float(stream.duration or 0) * float(stream.time_base or 0)
    said = json.loads(timeline_path(tmp_path / "new" / "gate.mp4").read_text())
    assert sizes == {squares.size}
    assert length == pytest.approx(SECONDS, abs=0.2)
    assert tuple(LabelSpan(**span) for span in said) == spans
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["gate.mp4", "gate.timeline.json"]


def test_a_file_that_cannot_be_a_video_is_refused_and_leaves_nothing(squares: DrawnVideo, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"such as gate\.mp4"):
        write_video(tmp_path / "gate.words", squares)

    assert list(tmp_path.iterdir()) == []

import pytest

from stream.camera.sights import LOOK_SHARE, LookPace, Sight
from stream.camera.views import ViewParams, ViewWatch
from tests.stream.fakes import draw_jpeg


def sight(pace: LookPace | None = None) -> Sight:
    return Sight(ViewWatch(ViewParams(hold_seconds=0, hold_pictures=1)), pace or LookPace())


def test_size_codec_and_view_of_a_frame_are_seen() -> None:
    seen = sight()

    seen.look(draw_jpeg(5, side=48), None, now=10)

    assert (seen.width, seen.height, seen.codec, seen.view) == (48, 48, "jpeg", "dark")


def test_a_frame_within_the_same_second_is_not_looked_at() -> None:
    seen = sight()
    seen.look(draw_jpeg(side=48), "h264", now=10)

    seen.look(draw_jpeg(side=64), "h264", now=10.9)
    assert seen.width == 48

    seen.look(draw_jpeg(side=64), "h264", now=11)
    assert seen.width == 64


def test_a_frame_that_is_no_picture_changes_nothing() -> None:
    seen = sight()
    seen.look(draw_jpeg(5), None, now=10)

    seen.look(b"rubble", None, now=12)

    assert (seen.width, seen.view) == (32, "dark")


def test_many_cameras_are_looked_at_less_often_so_that_looking_never_takes_more_than_its_share() -> None:
    pace = LookPace(cameras=60)
    for _ in range(500):
        pace.note(0.01)

    assert pace.cameras * 0.01 / pace.interval_seconds == pytest.approx(LOOK_SHARE, rel=0.01)
    assert LookPace(cameras=1, seconds_a_look=0.01).interval_seconds == 1.0


def test_the_rate_of_a_source_is_measured_over_its_latest_frames() -> None:
    seen = sight()
    assert seen.fps is None

    for number in range(300):
        seen.count(number / 25)

    assert seen.fps == pytest.approx(25)

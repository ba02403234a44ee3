from pathlib import Path

import pytest

from stream.worker import latest_frames
from stream.worker.latest_frames import LatestFrames, latest_frame_file


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_last_picture_is_kept_byte_for_byte(tmp_path: Path, clock: Clock) -> None:
    frames = LatestFrames(tmp_path, clock=clock)

    kept = frames.keep("cam01", b"\xff\xd8picture")

    assert kept
    assert latest_frame_file(tmp_path, "cam01").read_bytes() == b"\xff\xd8picture"


def test_a_camera_writes_at_most_twice_a_second(tmp_path: Path, clock: Clock) -> None:
    frames = LatestFrames(tmp_path, clock=clock)

    outcomes = []
    for _ in range(11):
        outcomes.append(frames.keep("cam01", b"picture"))
        clock.seconds += 0.125

    assert outcomes.count(True) == 3


def test_cameras_do_not_throttle_each_other(tmp_path: Path, clock: Clock) -> None:
    frames = LatestFrames(tmp_path, clock=clock)

    assert frames.keep("cam01", b"one")
    assert frames.keep("cam02", b"two")
    assert latest_frame_file(tmp_path, "cam02").read_bytes() == b"two"


@pytest.mark.parametrize("camera_id", ["../../etc/passwd", "a/b", "câmera 1", "", "x" * 5000, "\ud800"])
def test_no_camera_id_leaves_the_folder(tmp_path: Path, clock: Clock, camera_id: str) -> None:
    file = latest_frame_file(tmp_path, camera_id)

    kept = LatestFrames(tmp_path, clock=clock).keep(camera_id, b"picture")

    assert kept
    assert file.parent == tmp_path / "frames" / "latest"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


def test_readers_never_see_half_a_picture(tmp_path: Path, clock: Clock) -> None:
    frames = LatestFrames(tmp_path, clock=clock)
    frames.keep("cam01", b"old picture")
    with latest_frame_file(tmp_path, "cam01").open("rb") as reader:
        clock.seconds += 1

        frames.keep("cam01", b"new")

        assert reader.read() == b"old picture"
    assert latest_frame_file(tmp_path, "cam01").read_bytes() == b"new"


def test_a_disk_that_refuses_is_answered_with_false(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "frames").write_text("a file where the folder belongs")

    assert LatestFrames(tmp_path, clock=clock).keep("cam01", b"picture") is False


def test_the_oldest_picture_goes_when_there_are_too_many_cameras(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_frames, "MAX_CAMERAS", 2)
    LatestFrames(tmp_path, clock=clock).keep("before the restart", b"picture")
    frames = LatestFrames(tmp_path, clock=clock)

    for camera_id in ("cam01", "cam02"):
        frames.keep(camera_id, b"picture")

    remaining = {path.name for path in (tmp_path / "frames" / "latest").iterdir()}
    assert remaining == {latest_frame_file(tmp_path, camera_id).name for camera_id in ("cam01", "cam02")}

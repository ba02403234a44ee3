"""Cameras that push: counted, told by their silence, and not doubled by patience."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.errors import CameraError
from stream.camera.addresses import is_live, recognise_kind
from stream.camera.commands import camera_app
from stream.camera.config import CameraConfig, load_cameras
from stream.camera.handover import CapturedFrame
from stream.camera.pushed import REMEMBERED_FRAMES, PushedCamera
from tests.stream.ingest.stand import Stand, draw, on_stand, until

JPEG = draw()


def frame() -> CapturedFrame:
    return CapturedFrame(JPEG, None, datetime.now(UTC))


def test_it_is_a_live_camera_of_its_own_kind() -> None:
    assert (recognise_kind("push"), is_live("push")) == ("push", True)


def test_it_is_added_without_a_look_and_stays_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"

    done = CliRunner().invoke(camera_app, ["add", "gate", "push", "--rate", "2", "--file", str(file)])

    assert done.exit_code == 0, done.output
    assert load_cameras(file).cameras["gate"].source == "push"


def test_its_state_begins_with_its_first_push_and_its_row_tells_what_it_sees() -> None:
    async def test(stand: Stand) -> None:
        camera = stand.cameras["gate"]
        at_first: str = camera.state

        await stand.push(JPEG)
        await stand.push(b"rubbish")

        record = camera.take_record()
        assert at_first == "connecting"
        assert (record.state, record.kind, record.source, record.width) == ("online", "push", "push", 32)
        assert (record.new_frames_sent, record.new_frames_dropped) == (1, 1)
        assert "a push was refused" in (record.last_error or "")
        camera.stop()
        assert str(camera.state) == "offline"

    on_stand(test)


def test_with_once_there_is_nothing_to_play() -> None:
    camera = PushedCamera("gate", CameraConfig(source="push"), Path(), once=True)

    assert camera.done


def test_what_was_taken_before_the_end_is_delivered_and_nothing_after_it() -> None:
    async def test(stand: Stand) -> None:
        camera = stand.cameras["gate"]
        stand.delivery.is_away = True
        before = camera.push(frame(), "1")
        await asyncio.sleep(0)
        camera.stop()
        with pytest.raises(CameraError, match="starting or ending"):
            await camera.push(frame(), "2")
        stand.delivery.is_away = False

        assert (await before).frame_id == "1"
        assert camera.sent == 1

    on_stand(test)


def test_a_frame_is_known_again_among_the_latest_ones() -> None:
    async def test(stand: Stand) -> None:
        camera = stand.cameras["gate"]
        for number in range(REMEMBERED_FRAMES + 1):
            await camera.push(frame(), str(number))

        assert (await camera.push(frame(), str(REMEMBERED_FRAMES))).position.offset == REMEMBERED_FRAMES
        assert (await camera.push(frame(), "0")).position.offset == REMEMBERED_FRAMES + 1
        await until(lambda: camera.sent == REMEMBERED_FRAMES + 2)

    on_stand(test)

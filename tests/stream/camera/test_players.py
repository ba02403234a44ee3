import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from pipelines.errors import CameraError
from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.camera.config import CameraConfig
from stream.camera.delivery import Delivery, Say
from stream.camera.players import Player
from stream.camera.sources.folders import FolderSource
from stream.camera.sources.pictures import measure_jpeg
from stream.decoding import decode_frame
from stream.messages import Outgoing
from tests.pipelines.classifying.artefacts import write_video
from tests.stream.camera.servers import JPEG, RtspServer, serve_rtsp
from tests.stream.fakes import draw_jpeg, message_of
from tests.waiting import wait_until


@dataclass
class FakeDelivery:
    """Takes everything at once."""

    delivered: list[Outgoing] = field(default_factory=list)

    async def deliver(self, message: Outgoing, say: Say) -> None:
        self.delivered.append(message)


class StuckDelivery:
    """The broker is away."""

    async def deliver(self, message: Outgoing, say: Say) -> None:
        say("waiting for the broker")
        await asyncio.Event().wait()


def play(player: Player) -> list[Outgoing]:
    delivery = FakeDelivery()
    asyncio.run(player.play(cast(Delivery, delivery)))
    return delivery.delivered


def camera(**changes: object) -> CameraConfig:
    return CameraConfig.model_validate({"source": "pictures", "rate": 1000, "loop": False, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures" / "day").mkdir(parents=True)
    (tmp_path / "pictures" / "a.jpg").write_bytes(draw_jpeg(50))
    (tmp_path / "pictures" / "day" / "b.jpg").write_bytes(draw_jpeg(200))
    return tmp_path


@pytest.mark.parametrize("format", ["v1", "v2"])
def test_a_folder_is_played_once_as_frames_that_can_be_decoded(folder: Path, format: str) -> None:
    player = Player("gate", camera(format=format), folder)

    messages = play(player)

    frames = [decode_frame(message_of(m, offset=n, received_at=datetime.now(UTC))) for n, m in enumerate(messages)]
    assert [frame.image_name for frame in frames] == ["a.jpg", "day/b.jpg"]
    assert [frame.jpeg for frame in frames] == [draw_jpeg(50), draw_jpeg(200)]
    assert {message.key for message in messages} == {b"gate"}
    assert len({frame.frame_id for frame in frames}) == 2
    assert (player.sent, player.dropped, player.done) == (2, 0, True)


def test_frame_ids_differ_between_two_runs_and_fit_for_the_longest_camera_id(folder: Path) -> None:
    longest = "c" * 200

    ids = [dict(message.headers)["frame_id"] for _ in range(2) for message in play(Player(longest, camera(), folder))]

    assert len(set(ids)) == 4
    assert all(len(frame_id or b"") <= 200 for frame_id in ids)


def test_a_picture_larger_than_the_topic_takes_is_dropped_at_the_source_and_counted(folder: Path) -> None:
    (folder / "pictures" / "big.jpg").write_bytes(b"x" * (LARGEST_FRAME_BYTES + 1))
    player = Player("gate", camera(), folder)

    messages = play(player)

    assert len(messages) == 2
    assert (player.sent, player.dropped) == (2, 1)


def test_a_broken_png_is_dropped_and_the_others_are_sent(folder: Path) -> None:
    (folder / "pictures" / "b.png").write_bytes(b"rubble")
    player = Player("gate", camera(), folder)

    assert len(play(player)) == 2
    assert player.dropped == 1


def test_once_a_looping_camera_ends_too_and_a_missing_folder_is_an_error(folder: Path) -> None:
    assert len(play(Player("gate", camera(loop=True), folder, once=True))) == 2
    with pytest.raises(CameraError):
        play(Player("gate", camera(source="nowhere"), folder, once=True))


def test_a_disabled_camera_plays_nothing(folder: Path) -> None:
    player = Player("gate", camera(enabled=False), folder)

    assert play(player) == []
    assert player.take_record().state == "disabled"


def test_a_record_holds_what_is_new_and_one_given_back_is_counted_again(folder: Path) -> None:
    player = Player("gate", camera(), folder)
    play(player)

    first = player.take_record()
    assert (first.new_frames_sent, player.take_record().new_frames_sent) == (2, 0)
    player.give_back(first)

    assert player.take_record().new_frames_sent == 2


def test_a_shuffled_camera_plays_every_picture_in_an_order_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(12):
        (tmp_path / "pictures" / f"{number:02}.jpg").write_bytes(draw_jpeg(number * 10))

    def names(camera_id: str) -> list[str | None]:
        messages = play(Player(camera_id, camera(order="shuffled"), tmp_path))
        return [
            decode_frame(message_of(m, offset=n, received_at=datetime.now(UTC))).image_name
            for n, m in enumerate(messages)
        ]

    assert names("gate") == names("gate")
    assert sorted(str(name) for name in names("gate")) == [f"{number:02}.jpg" for number in range(12)]
    assert names("gate") not in (names("yard"), sorted(str(name) for name in names("gate")))


def test_a_realtime_camera_keeps_two_frames_while_the_broker_is_away_and_counts_the_others(folder: Path) -> None:
    player = Player("gate", camera(mode="realtime", loop=True), folder)

    async def run() -> None:
        playing = asyncio.create_task(player.play(cast(Delivery, StuckDelivery())))
        await asyncio.to_thread(wait_until, lambda: player.dropped > 200, timeout_seconds=120, what="dropped frames")
        assert player.waiting <= 2
        assert player.take_record().state in ("connecting", "stale"), "nothing gets through"
        playing.cancel()
        await asyncio.wait({playing})

    asyncio.run(run())
    assert player.sent == 0


def test_a_lossless_camera_waits_for_the_broker_and_drops_nothing(folder: Path) -> None:
    player = Player("gate", camera(loop=True), folder)

    async def run() -> None:
        playing = asyncio.create_task(player.play(cast(Delivery, StuckDelivery())))
        await asyncio.to_thread(wait_until, lambda: player.is_held_up, timeout_seconds=120, what="a source that waits")
        playing.cancel()
        await asyncio.wait({playing})

    asyncio.run(run())
    assert (player.sent, player.waiting) == (0, 0)


def test_a_picture_that_is_scaled_is_sent_smaller(folder: Path) -> None:
    (message, _) = play(Player("gate", camera(resize=16), folder))

    assert measure_jpeg(message.value or b"") == (16, 16)


def test_a_video_is_played_once_at_its_pace_with_names_of_its_times(tmp_path: Path) -> None:
    write_video(tmp_path / "gate.mp4", ["red", "blue"], rate=50)
    player = Player("gate", camera(source="gate.mp4", rate=10), tmp_path)
    began = time.monotonic()

    messages = play(player)

    names = [dict(message.headers)["image_name"] for message in messages]
    assert (len(names), names[:2]) == (20, [b"gate.mp4@0.000s", b"gate.mp4@0.100s"])
    assert time.monotonic() - began >= 1.8
    assert (player.sight.codec, player.sight.width, player.kind) == ("h264", 96, "video")


def test_a_source_of_an_unknown_variable_is_an_error_that_names_it(folder: Path) -> None:
    with pytest.raises(CameraError, match="NOT_SET"):
        play(Player("gate", camera(source="rtsp://anna:${NOT_SET}@gate/s"), folder))


def test_what_an_unforeseen_error_says_is_not_shown_for_it_may_hold_the_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(source: FolderSource) -> list[str]:
        raise RuntimeError("rtsp://anna:pw@gate")

    monkeypatch.setattr(FolderSource, "names", burst)

    with pytest.raises(CameraError, match="RuntimeError came") as caught:
        play(Player("gate", camera(), folder, once=True))
    assert "pw" not in str(caught.value)


@pytest.mark.integration
def test_a_camera_that_is_switched_off_connects_again_when_it_is_back(folder: Path) -> None:
    delivery = FakeDelivery()
    states: list[str] = []

    async def run(server: RtspServer) -> None:
        player = Player("gate", camera(source=server.url(), rate=100), folder)
        playing = asyncio.create_task(player.play(cast(Delivery, delivery)))

        async def until(state: str) -> None:
            await asyncio.to_thread(wait_until, lambda: player.state == state, timeout_seconds=120, what=state)
            states.append(player.state)

        await until("online")
        server.end()
        await until("connecting")
        error, before = player.last_error, len(delivery.delivered)
        with serve_rtsp(JPEG, port=server.port):
            await until("online")
            await asyncio.to_thread(
                wait_until, lambda: len(delivery.delivered) > before, timeout_seconds=120, what="frames"
            )
        assert error is not None
        assert player.take_record().kind == "rtsp"
        player.stop()
        await asyncio.wait({playing}, timeout=60)
        assert playing.done()

    with serve_rtsp(JPEG) as server:
        asyncio.run(run(server))
    assert states == ["online", "connecting", "online"]

"""All cameras of cameras.yaml in one process, each a task of its own, kept in step with the file."""

import asyncio
import logging
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipelines.errors import CameraError, StoreError
from pipelines.heartbeats import Heartbeat
from stream.camera.config import CameraConfig, CamerasWatch
from stream.camera.delivery import Delivery, Pauses
from stream.camera.players import Player
from stream.store import PredictionStore

LOOK_SECONDS: Final = 0.25
RECORD_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CamerasSetup:
    """Where the cameras run and what they connect."""

    bootstrap: str
    state: Path
    """The state folder, VIGIA_HOME."""
    file: Path
    store: PredictionStore
    once: bool = False
    """Play every source once, whatever the file says, and end."""
    stay: bool = False
    """Do not end when everything has been played: the file may change."""


@dataclass(frozen=True, slots=True)
class CamerasSummary:
    """What was played until the end."""

    sent: int
    dropped: int
    failed: tuple[str, ...]
    """Cameras whose source could not be read."""
    interrupted: bool


@dataclass(slots=True)
class Cameras:
    """The players by camera id."""

    setup: CamerasSetup
    watch: CamerasWatch
    delivery: Delivery
    players: dict[str, Player] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    ended: list[Player] = field(default_factory=list)
    """Players of cameras that the file changed or dropped, until they are recorded."""
    sent_before: int = 0
    dropped_before: int = 0
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _migrated: bool = False

    def follow_file(self) -> None:
        """Start, replace and end players until they are what the file says."""
        wanted = self.watch.current().cameras
        for camera_id in [name for name, player in self.players.items() if wanted.get(name) != player.camera]:
            self._end(camera_id)
        for camera_id, camera in wanted.items():
            if camera_id not in self.players:
                self._begin(camera_id, camera)

    def all_done(self) -> bool:
        """Whether everything was played; a file without an enabled camera is waited for, except with `once`."""
        enabled = [player for player in self.players.values() if player.camera.enabled]
        return all(player.done for player in enabled) and (bool(enabled) or self.setup.once)

    async def record(self) -> None:
        """Every camera's state into the store; a store that is away costs no frame."""
        # those that ended first: the same camera may play again under another configuration
        records = [(player, player.take_record()) for player in [*self.ended, *self.players.values()]]
        self.ended = []
        try:
            if not self._migrated:
                await asyncio.to_thread(self.setup.store.migrate)
                self._migrated = True
            while records:
                await asyncio.to_thread(self.setup.store.record_camera, records[0][1])
                records.pop(0)
        except StoreError as error:
            log.error("the cameras' state is not recorded: %s", error)
            for player, record in records:
                player.give_back(record)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin(self, camera_id: str, camera: CameraConfig) -> None:
        player = Player(camera_id, camera, self.setup.file.parent, once=self.setup.once)
        self.players[camera_id] = player
        if camera.enabled:
            self._tasks[camera_id] = asyncio.create_task(self._play(player))

    def _end(self, camera_id: str) -> None:
        player = self.players.pop(camera_id)
        player.done = True
        self.sent_before += player.sent
        self.dropped_before += player.dropped
        self.ended.append(player)
        if task := self._tasks.pop(camera_id, None):
            task.cancel()

    async def _play(self, player: Player) -> None:
        pauses = Pauses()
        await self.delivery.connect(player.fail)
        while not player.done:
            try:
                await player.play(self.delivery)
            except CameraError as error:
                player.fail(str(error))
                player.done = True
                self.failed.add(player.camera_id)
            except Exception as error:  # noqa: BLE001  whatever one source raises, the others go on
                player.fail(f"{type(error).__name__}: {error}")
                await pauses.wait()


def run_cameras(setup: CamerasSetup) -> CamerasSummary:
    """Play until everything is delivered, or until a signal. Raises ParamsError for a wrong file."""
    return asyncio.run(_run(setup))


async def _run(setup: CamerasSetup) -> CamerasSummary:
    watch = CamerasWatch(setup.file, log.error)
    stopped, interrupted = _stop_on_signals()
    async with Delivery(setup.bootstrap) as delivery:
        cameras = Cameras(setup, watch, delivery)
        beat = Heartbeat(setup.state / "cameras.json", lambda: _describe(cameras))
        cameras.follow_file()
        beat.start()
        finished = asyncio.Event()
        recording = asyncio.create_task(_record_until(cameras, finished))
        try:
            while not stopped.is_set() and (setup.stay or not cameras.all_done()):
                await _wait(stopped, LOOK_SECONDS)
                cameras.follow_file()
        finally:
            await cameras.close()
            finished.set()
            await recording
            await cameras.record()
            beat.stop()
    played = cameras.players.values()
    return CamerasSummary(
        sent=cameras.sent_before + sum(player.sent for player in played),
        dropped=cameras.dropped_before + sum(player.dropped for player in played),
        failed=tuple(sorted(cameras.failed)),
        interrupted=interrupted.is_set(),
    )


async def _record_until(cameras: Cameras, finished: asyncio.Event) -> None:
    while not finished.is_set():
        await cameras.record()
        await _wait(finished, RECORD_SECONDS)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _stop_on_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set at SIGTERM or Ctrl-C; set at Ctrl-C alone."""
    stopped, interrupted = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        interrupted.set()
        stopped.set()

    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    return stopped, interrupted


def _describe(cameras: Cameras) -> dict[str, Any]:
    players = list(cameras.players.values())
    playing = [player for player in players if not player.done]
    return {
        "state": "playing" if playing else "no cameras" if not players else "done",
        "cameras": len(players),
        "sent": sum(player.sent for player in players),
        "dropped": sum(player.dropped for player in players),
    }

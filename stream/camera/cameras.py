"""All cameras of cameras.yaml in one process, each a task of its own, kept in step with the file."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_tb
from typing import Any, Final

from pipelines.errors import CameraError, StoreError
from pipelines.heartbeats import Heartbeat
from stream.camera.addresses import PUSH
from stream.camera.config import CameraConfig, CamerasWatch
from stream.camera.delivery import Delivery
from stream.camera.metrics import check_cameras
from stream.camera.pauses import Pauses
from stream.camera.players import Player
from stream.camera.pushed import PushedCamera
from stream.camera.sights import LookPace
from stream.http import say_reasons
from stream.store import CameraRecord, PredictionStore

LOOK_SECONDS: Final = 0.25
RECORD_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 3.0
"""How long a frame on its way to the broker is waited for when its camera ends."""

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
    beside: "Beside | None" = None
    """What answers about the cameras while they play."""


Beside = Callable[["Cameras"], AbstractAsyncContextManager[str]]
"""Runs in the cameras' loop while they do; its outcome is the address at which it answers."""


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
    pace: LookPace = field(default_factory=LookPace)
    failed: set[str] = field(default_factory=set)
    retiring: dict[Player, asyncio.Task[None]] = field(default_factory=dict)
    """Players of cameras that the file changed or dropped, until their last frame is delivered and recorded."""
    url: str | None = None
    """Where this process answers over HTTP."""
    store_error: str | None = None
    """Why the state could not be recorded last time."""
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
        self.pace.cameras = len(self.players)

    def all_done(self) -> bool:
        """Whether everything was played; a file without an enabled camera is waited for, except with `once`."""
        enabled = [player for player in self.players.values() if player.camera.enabled]
        return all(player.done for player in enabled) and (bool(enabled) or self.setup.once)

    async def record(self) -> None:
        """Every camera's state into the store; a store that is away costs no frame."""
        gone = [player for player, task in self.retiring.items() if task.done()]
        # those that retire first: the same camera may play again under another configuration
        records = [(player, player.take_record()) for player in (*self.retiring, *self.players.values())]
        try:
            await asyncio.to_thread(self._write, [record for _, record in records])
        except StoreError as error:
            log.error("the cameras' state is not recorded: %s", error)
            self.store_error = str(error)
            for player, record in records:
                player.give_back(record)
            return
        self.store_error = None
        for player in gone:
            del self.retiring[player]
            self.sent_before += player.sent
            self.dropped_before += player.dropped

    def count(self) -> tuple[int, int]:
        """Frames sent and dropped since the start, of cameras that are gone too."""
        players = [*self.retiring, *self.players.values()]
        sent = self.sent_before + sum(player.sent for player in players)
        return sent, self.dropped_before + sum(player.dropped for player in players)

    async def close(self) -> None:
        """Frames on their way are delivered and counted, unless the broker is away."""
        for camera_id in list(self._tasks):
            self.players[camera_id].stop()
        await asyncio.gather(*map(_end_soon, [*self._tasks.values(), *self.retiring.values()]))

    def _write(self, records: list[CameraRecord]) -> None:
        if not self._migrated:
            self.setup.store.migrate()
            self._migrated = True
        self.setup.store.record_cameras(records)

    def _begin(self, camera_id: str, camera: CameraConfig) -> None:
        build = PushedCamera if camera.source == PUSH else Player
        player = build(camera_id, camera, self.setup.file.parent, once=self.setup.once, pace=self.pace)
        self.players[camera_id] = player
        self._tasks[camera_id] = asyncio.create_task(self._play(player))

    def _end(self, camera_id: str) -> None:
        player = self.players.pop(camera_id)
        player.stop()
        self.retiring[player] = asyncio.create_task(_end_soon(self._tasks.pop(camera_id)))

    async def _play(self, player: Player) -> None:
        pauses = Pauses()
        await self.delivery.connect(player.fail)
        while not player.done:
            try:
                await player.play(self.delivery)
            except CameraError as error:
                if self.setup.once:
                    player.give_up(str(error))
                    self.failed.add(player.camera_id)
                    return
                player.fail(str(error))
                await pauses.wait()
            except Exception as error:  # noqa: BLE001  whatever one camera raises, the others go on
                log.debug("camera %s: %s", player.camera_id, "".join(format_tb(error.__traceback__)))
                player.fail(f"Expected to play on, {type(error).__name__} came. It is tried again.")
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
        finished = asyncio.Event()
        recording = asyncio.create_task(_record_until(cameras, finished))
        try:
            cameras.follow_file()
            async with AsyncExitStack() as stack:
                if setup.beside is not None:
                    cameras.url = await stack.enter_async_context(setup.beside(cameras))
                beat.start()
                while not stopped.is_set() and (setup.stay or not cameras.all_done()):
                    await _wait(stopped, LOOK_SECONDS)
                    cameras.follow_file()
        finally:
            await cameras.close()
            finished.set()
            await recording
            await cameras.record()
            beat.stop()
    sent, dropped = cameras.count()
    return CamerasSummary(sent, dropped, tuple(sorted(cameras.failed)), interrupted.is_set())


async def _end_soon(task: asyncio.Task[None]) -> None:
    """Let it deliver what is on its way, and cancel it when that takes long."""
    await asyncio.wait({task}, timeout=CLOSE_SECONDS)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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
    sent, dropped = cameras.count()
    return {
        "state": "playing" if playing else "no cameras" if not players else "done",
        "url": cameras.url,
        "reasons": say_reasons(check_cameras(cameras)),
        "cameras": len(players),
        "states": Counter(player.state for player in players),
        "sent": sent,
        "dropped": dropped,
        "file_error": cameras.watch.error,
        "cpu_seconds": {
            "encoding": round(sum(player.encoding_seconds for player in players), 3),
            "looking": round(sum(player.sight.looking_seconds for player in players), 3),
        },
    }

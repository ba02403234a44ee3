"""A camera that pushes: its frames come over HTTP, its state is told by its silence like any other's."""

import asyncio
import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.errors import CameraError
from stream.camera.addresses import SourceKind
from stream.camera.config import CameraConfig
from stream.camera.delivery import Delivery
from stream.camera.handover import CapturedFrame
from stream.camera.players import Player, check_size, new_frame_id
from stream.camera.sights import LookPace
from stream.messages import Position

REMEMBERED_FRAMES: Final = 64
"""A camera that did not hear the answer pushes the same frame again; it is known among so many."""


@dataclass(frozen=True, slots=True)
class PushedAs:
    """A frame that the broker has."""

    frame_id: str
    position: Position


class PushedCamera(Player):
    """Counts, encodes and delivers what is pushed. Runs in the loop, but for `look`."""

    def __init__(
        self, camera_id: str, camera: CameraConfig, folder: Path, *, once: bool = False, pace: LookPace | None = None
    ) -> None:
        super().__init__(camera_id, camera, folder, once=once, pace=pace)
        self._deliveries: OrderedDict[tuple[str, bytes], asyncio.Task[PushedAs]] = OrderedDict()
        self._under_way: set[asyncio.Task[PushedAs]] = set()
        self._delivery: Delivery | None = None
        self._ended = asyncio.Event()
        self._looking = threading.Lock()
        if once:
            self.stop()  # nothing to play

    @property
    def kind(self) -> SourceKind | None:
        return "push"

    async def play(self, delivery: Delivery) -> None:
        """Until it is stopped and what was taken is delivered."""
        self._delivery = delivery
        await self._ended.wait()
        while self._under_way:
            await asyncio.wait(self._under_way)

    def stop(self) -> None:
        super().stop()
        self._ended.set()

    def push(self, frame: CapturedFrame, frame_id: str | None) -> "asyncio.Task[PushedAs]":
        """Deliver a frame; the same id and picture again is the same delivery.

        The task raises CameraError for a frame that the broker never takes.
        """
        frame_id = frame_id or new_frame_id(self.camera_id)
        key = (frame_id, hashlib.sha256(frame.jpeg).digest())
        if (known := self._deliveries.get(key)) is not None:
            return known
        task = asyncio.create_task(self._deliver(frame, frame_id))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        self._deliveries[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        while len(self._deliveries) > REMEMBERED_FRAMES:
            self._deliveries.popitem(last=False)
        return task

    async def _deliver(self, frame: CapturedFrame, frame_id: str) -> PushedAs:
        if self._delivery is None or self.done:
            raise CameraError("Expected the camera to be ready for frames. It is starting or ending; come again.")
        message = self._encode(frame, frame_id)
        check_size(message)
        position = await self._delivery.deliver(message, self.fail)
        self.count(frame.captured_at)
        return PushedAs(position.frame_id if self.camera.format == "v1" else frame_id, position)

    def _forget(self, key: tuple[str, bytes], done: "asyncio.Task[PushedAs]") -> None:
        if done.cancelled() or done.exception() is not None:
            self._deliveries.pop(key, None)  # tried again when it comes again

    def refuse(self, words: str) -> None:
        """A frame that the camera sent for nothing."""
        self._refused += 1
        self.fail(words)

    def overrun(self) -> None:
        """It pushes faster than its rate: one frame the less."""
        self._refused += 1

    def hear(self) -> None:
        """It pushes, whatever becomes of the frame."""
        self._state.hear(time.monotonic())

    def look(self, encoded: bytes, form: str) -> None:
        """Judge the view by this picture. From any thread."""
        with self._looking:
            self.sight.count(now := time.monotonic())
            self.sight.look(encoded, form.lower(), now)

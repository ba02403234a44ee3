"""A player: one camera's pictures at their pace, and what is known about them."""

import asyncio
import logging
import random
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pipelines.errors import CameraError, ImageError
from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.camera.config import CameraConfig
from stream.camera.delivery import Delivery, Pauses
from stream.camera.sources import FolderSource, SourcePicture
from stream.messages import Outgoing, encode_v1, encode_v2
from stream.store import CameraRecord, CameraStatus

STALE_SECONDS: Final = 5.0
OFFLINE_SECONDS: Final = 20.0

log = logging.getLogger(__name__)


class Player:
    """Plays one camera and counts. A source or a broker that is away is waited for; with `once` a source is not."""

    def __init__(self, camera_id: str, camera: CameraConfig, folder: Path, *, once: bool = False) -> None:
        self.camera_id = camera_id
        self.camera = camera
        self.done = not camera.enabled
        self.sent = 0
        self.dropped = 0
        self.last_frame_at: datetime | None = None
        self.last_error: str | None = None
        self._source = FolderSource(folder / camera.source)
        self._once = once
        self._heard_at = time.monotonic()
        self._recorded = (0, 0)

    async def play(self, delivery: Delivery) -> None:
        """Until the last picture is delivered, or for ever when the camera loops.

        Raises CameraError for a source that cannot be read when it is played once.
        """
        due = time.monotonic()
        while not self.done:
            for name in await self._names():
                due = next_turn(due, 1 / self.camera.rate, time.monotonic())
                await asyncio.sleep(due - time.monotonic())
                await self._send(delivery, name)
            self.done = self._once or not self.camera.loop

    def fail(self, words: str) -> None:
        """Remember what is wrong, and say it once."""
        if words != self.last_error:
            log.warning("camera %s: %s", self.camera_id, words)
        self.last_error = words

    def take_record(self) -> CameraRecord:
        """The state now and what is new since the last record."""
        sent, dropped = self._recorded
        self._recorded = (self.sent, self.dropped)
        return CameraRecord(
            camera_id=self.camera_id,
            source=self.camera.source,
            state=camera_state(
                enabled=self.camera.enabled,
                done=self.done,
                silent_seconds=time.monotonic() - self._heard_at,
                has_sent=self.last_frame_at is not None,
                rate=self.camera.rate,
            ),
            last_frame_at=self.last_frame_at,
            new_frames_sent=self.sent - sent,
            new_frames_dropped=self.dropped - dropped,
            last_error=self.last_error,
        )

    def give_back(self, record: CameraRecord) -> None:
        """A record that could not be stored: its numbers belong to the next one."""
        sent, dropped = self._recorded
        self._recorded = (sent - record.new_frames_sent, dropped - record.new_frames_dropped)

    async def _names(self) -> list[str]:
        pauses = Pauses()
        while True:
            try:
                names = await asyncio.to_thread(self._source.names)
                if self.camera.order == "shuffled":
                    random.Random(self.camera_id).shuffle(names)  # noqa: S311  an order is no secret
                return names
            except CameraError as error:
                if self._once:
                    raise
                self.fail(str(error))
                await pauses.wait()

    async def _send(self, delivery: Delivery, name: str) -> None:
        try:
            picture = await asyncio.to_thread(self._source.read, name)
            captured_at = datetime.now(UTC)
            message = self._encode(picture, captured_at)
            check_size(message)
            await delivery.deliver(message, self.fail)
        except (CameraError, ImageError) as error:
            self.dropped += 1
            self.fail(f"{name}: {error}")
            return
        self.sent += 1
        self.last_frame_at = captured_at
        self.last_error = None
        self._heard_at = time.monotonic()

    def _encode(self, picture: SourcePicture, captured_at: datetime) -> Outgoing:
        if self.camera.format == "v1":
            return encode_v1(self.camera_id, picture.image_name, captured_at, picture.jpeg)
        return encode_v2(
            self.camera_id,
            # a frame id holds 200 characters, a camera id may be as long
            f"{self.camera_id[:160]}-{uuid.uuid4().hex}",
            captured_at,
            picture.jpeg,
            image_name=picture.image_name,
            sequence=self.sent + 1,
        )


def check_size(message: Outgoing) -> None:
    """Raises CameraError for a frame larger than the topic takes."""
    size = len(message.value or b"")
    if size > LARGEST_FRAME_BYTES:
        raise CameraError(
            f"Expected a frame of at most {LARGEST_FRAME_BYTES} bytes, received {size}. "
            "Use smaller pictures, or format v2, which is a quarter smaller."
        )


def next_turn(due: float, interval: float, now: float) -> float:
    """When the next frame goes out. A source that was held up goes on at its pace, without catching up."""
    return max(due + interval, now)


def camera_state(*, enabled: bool, done: bool, silent_seconds: float, has_sent: bool, rate: float) -> CameraStatus:
    """A camera's word on the page; slow cameras may be silent for three of their own intervals."""
    if not enabled:
        return "disabled"
    if done or silent_seconds >= max(OFFLINE_SECONDS, 3 / rate):
        return "offline"
    if not has_sent or silent_seconds >= max(STALE_SECONDS, 3 / rate):
        return "stale"
    return "online"

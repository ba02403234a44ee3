"""A player: one camera's frames on their way to the broker, and what is known about them."""

import logging
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.errors import CameraError
from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.camera.addresses import SourceKind, is_live, redact
from stream.camera.config import CameraConfig
from stream.camera.delivery import Delivery
from stream.camera.handover import CapturedFrame, Handover
from stream.camera.readers import Reader, ReadingPlan
from stream.camera.sights import LookPace, Sight
from stream.camera.sources.building import build_source
from stream.camera.sources.pictures import Source
from stream.camera.states import CameraStatus, SourceState
from stream.camera.views import ViewWatch
from stream.messages import Outgoing, encode_v1, encode_v2
from stream.store import CameraRecord

FRAME_ID_CAMERA_CHARACTERS: Final = 160
"""A frame id holds 200 characters, a camera id may be as long."""

log = logging.getLogger(__name__)


class Player:
    """Plays one camera and counts. A source or a broker that is away is waited for; with `once` a source is not."""

    def __init__(
        self, camera_id: str, camera: CameraConfig, folder: Path, *, once: bool = False, pace: LookPace | None = None
    ) -> None:
        """`folder`: what relative paths start from; `pace`: how often its view is looked at."""
        self.camera_id = camera_id
        self.camera = camera
        self.done = not camera.enabled
        self.sent = 0
        self.last_frame_at: datetime | None = None
        self.last_error: str | None = None
        self.sight = Sight(ViewWatch(), pace or LookPace())
        self._folder = folder
        self._once = once
        self._state = SourceState(camera.rate, time.monotonic(), enabled=camera.enabled)
        self._source: Source | None = None
        self._reader: Reader | None = None
        self._handover: Handover | None = None
        self._refused = 0
        self._dropped_before = 0
        self._recorded = (0, 0)

    @property
    def dropped(self) -> int:
        """Frames that were wanted and did not reach the broker: overtaken, unreadable or too large."""
        overtaken = self._handover.dropped if self._handover else 0
        unreadable = self._reader.unreadable if self._reader else 0
        return self._dropped_before + overtaken + unreadable + self._refused

    @property
    def kind(self) -> SourceKind | None:
        """Known once the source was opened."""
        return self._source.kind if self._source else None

    @property
    def is_held_up(self) -> bool:
        """Whether the source waits for the broker."""
        return self._handover is not None and self._handover.is_held_up

    @property
    def waiting(self) -> int:
        """Frames that wait for their turn; the one on its way to the broker not counted."""
        return self._handover.waiting if self._handover else 0

    @property
    def state(self) -> CameraStatus:
        return self._state.judge(time.monotonic(), is_held_up=self.is_held_up)

    @property
    def encoding_seconds(self) -> float:
        return self._reader.encoding_seconds if self._reader else 0.0

    async def play(self, delivery: Delivery) -> None:
        """Until the last frame is delivered, or for ever when the camera loops or is live.

        Raises CameraError for a source that cannot be read when it is played once, and for one that is none.
        """
        if self.done:
            return
        reader, handover = self._begin()
        try:
            while (frame := await handover.take()) is not None:
                await self._send(delivery, frame)
        finally:
            reader.stop()
        if reader.error is not None:
            raise CameraError(reader.error)
        self.done = True
        self._state.finish()

    def give_up(self, words: str) -> None:
        """Never again: the source cannot be read and is asked once only."""
        self.fail(words)
        self.stop()

    def stop(self) -> None:
        """No more frames; the one on its way is still delivered."""
        self.done = True
        self._state.finish()
        if self._reader:
            self._reader.stop()

    def fail(self, words: str) -> None:
        """Remember what is wrong, and say it once. Called from the source's thread too."""
        if words != self.last_error:
            log.warning("camera %s: %s", self.camera_id, words)
        self.last_error = words

    def take_record(self) -> CameraRecord:
        """The state now and what is new since the last record."""
        (sent, dropped), self._recorded = self._recorded, (self.sent, self.dropped)
        return CameraRecord(
            camera_id=self.camera_id,
            source=redact(self.camera.source),
            state=self.state,
            last_frame_at=self.last_frame_at,
            new_frames_sent=self._recorded[0] - sent,
            new_frames_dropped=self._recorded[1] - dropped,
            last_error=self.last_error,
            kind=self.kind,
            width=self.sight.width,
            height=self.sight.height,
            codec=self.sight.codec,
            fps=self.sight.fps,
            view=self.sight.view,
        )

    def give_back(self, record: CameraRecord) -> None:
        """A record that could not be stored: its numbers belong to the next one."""
        sent, dropped = self._recorded
        self._recorded = (sent - record.new_frames_sent, dropped - record.new_frames_dropped)

    def _begin(self) -> tuple[Reader, Handover]:
        source = build_source(self.camera_id, self.camera, self._folder)
        live = self._state.is_live = is_live(source.kind)
        handover = Handover(newest_wins=self.camera.delivery_mode == "realtime")
        plan = ReadingPlan(self.camera.rate, self.camera.resize, live, self.camera.loop, self._once)
        reader = Reader(source, plan, self._state, self.sight, handover, self.fail)
        reader.start()
        self._dropped_before = self.dropped - self._refused
        self._source, self._reader, self._handover = source, reader, handover
        return reader, handover

    async def _send(self, delivery: Delivery, frame: CapturedFrame) -> None:
        try:
            message = self._encode(frame)
            check_size(message)
            await delivery.deliver(message, self.fail)
        except CameraError as error:
            self._refused += 1
            self.fail(f"{frame.image_name}: {error}" if frame.image_name else str(error))
            return
        self.count(frame.captured_at)

    def count(self, captured_at: datetime) -> None:
        """The broker has a frame."""
        self.sent += 1
        self.last_frame_at = captured_at
        self.last_error = None
        self._state.deliver(time.monotonic())

    def _encode(self, frame: CapturedFrame, frame_id: str | None = None) -> Outgoing:
        if self.camera.format == "v1":
            name = frame.image_name or f"{frame.captured_at:%Y%m%dT%H%M%S.%f}.jpg"
            return encode_v1(self.camera_id, name, frame.captured_at, frame.jpeg)
        return encode_v2(
            self.camera_id,
            frame_id or new_frame_id(self.camera_id),
            frame.captured_at,
            frame.jpeg,
            image_name=frame.image_name,
            sequence=self.sent + 1,
        )


def new_frame_id(camera_id: str) -> str:
    """Unlike any other."""
    return f"{camera_id[:FRAME_ID_CAMERA_CHARACTERS]}-{uuid.uuid4().hex}"


def check_size(message: Outgoing) -> None:
    """Raises CameraError for a frame larger than the topic takes."""
    size = len(message.value or b"")
    if size > LARGEST_FRAME_BYTES:
        raise CameraError(
            f"Expected a frame of at most {LARGEST_FRAME_BYTES} bytes, received {size}. "
            "Scale the camera with `resize`, or use format v2, which is a quarter smaller."
        )

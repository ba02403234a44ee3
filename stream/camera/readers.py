"""A reader: one source in a thread of its own, for reading blocks."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, Final

from pipelines.errors import CameraError, ImageError, VideoError
from stream.camera.handover import CapturedFrame, Handover
from stream.camera.pauses import Pauses
from stream.camera.sights import Sight
from stream.camera.sources.pictures import Source, SourceFrame, encode_picture
from stream.camera.states import RateLimit, SourceState, next_turn

STEADY_SECONDS: Final = 10.0
"""A source that held so long is tried again soon when it breaks off."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """How a source is read."""

    rate: float
    longest: int | None
    """Longest side of the pictures that are sent; None: as they come."""
    is_live: bool
    loop: bool
    """A folder or video begins again after its end."""
    once: bool
    """One attempt, one pass."""


class Reader:
    """Reads until it is stopped or all is read; a source that fails is opened again after a pause."""

    def __init__(
        self,
        source: Source,
        plan: ReadingPlan,
        state: SourceState,
        sight: Sight,
        handover: Handover,
        fail: Callable[[str], object],
    ) -> None:
        self.unreadable = 0
        self.error: str | None = None
        """Why the reading ended, when it did so by a failure."""
        self.encoding_seconds = 0.0
        """Processor time of reading files, scaling and encoding, as far as pictures were not JPEGs already."""
        self._source = source
        self._plan = plan
        self._state = state
        self._sight = sight
        self._handover = handover
        self._fail = fail
        self._stopped = threading.Event()
        self._due = time.monotonic()
        self._limit = RateLimit(plan.rate)

    def start(self) -> None:
        """Raises RuntimeError when this machine gives no more threads."""
        # a daemon, for a driver or a name server may hang longer than anyone wants to wait at the end
        threading.Thread(target=self._run, name=f"source {self._source.shown}"[:60], daemon=True).start()

    def stop(self) -> None:
        """No more frames; returns at once, the thread ends as soon as what it waits for returns."""
        self._stopped.set()
        self._handover.close(throw_away=True)

    def _run(self) -> None:
        pauses = Pauses()
        try:
            while not self._stopped.is_set():
                began = time.monotonic()
                error = self._read_through()
                if error is None and (self._plan.once or not self._plan.loop):
                    return
                if error is None:
                    continue
                self._state.lose()
                self._fail(error)
                if self._plan.once:
                    self.error = error
                    return
                if time.monotonic() - began > STEADY_SECONDS:
                    pauses.reset()
                self._stopped.wait(pauses.next_seconds())
        finally:
            self._handover.close()

    def _read_through(self) -> str | None:
        """Every frame of the source once; why it ended before its time, None if it did not."""
        try:
            with closing(self._frames()) as frames:
                for frame in frames:
                    if self._stopped.is_set():
                        return None
                    self._state.hear(time.monotonic())
                    if self._is_due(frame):
                        self._pass_on(frame)
        except (CameraError, VideoError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  whatever one source raises, the others go on
            # its own text may hold the address with the password
            log.debug("source %s: %s", self._source.shown, "".join(format_tb(error.__traceback__)))
            return f"Expected to read {self._source.shown}, {type(error).__name__} came. Report this error."
        return None

    def _frames(self) -> Any:
        frames: Iterator[SourceFrame] = self._source.frames()
        return frames

    def _is_due(self, frame: SourceFrame) -> bool:
        """A live frame is passed over when it comes too soon, one of a folder or video waits for its turn."""
        now = time.monotonic()
        if self._plan.is_live:
            self._sight.count(now)
            return self._limit.takes(now)
        self._due = next_turn(self._due, frame.interval_seconds or 1 / self._plan.rate, now)
        self._stopped.wait(self._due - now)
        self._sight.count(self._due)
        return not self._stopped.is_set()

    def _pass_on(self, frame: SourceFrame) -> None:
        captured_at = datetime.now(UTC)
        began = time.thread_time()
        try:
            jpeg = encode_picture(frame.load(), self._plan.longest)
        except (CameraError, ImageError) as error:
            self.unreadable += 1
            self._fail(f"{frame.image_name}: {error}" if frame.image_name else str(error))
            return
        finally:
            self.encoding_seconds += time.thread_time() - began
        self._sight.look(jpeg, self._source.codec, time.monotonic())
        self._handover.put(CapturedFrame(jpeg, frame.image_name, captured_at))

"""What a camera sees, about once a second: size, codec, rate, and whether its view is any good."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from stream.camera.sources.pictures import glance
from stream.camera.views import View, ViewWatch

LOOK_SECONDS: Final = 1.0
LOOK_SHARE: Final = 0.1
"""Of one core, for all cameras together: with many cameras each is looked at less often."""
LATEST_WEIGHT: Final = 0.05
COUNTED_FRAMES: Final = 50
"""A rate is measured over so many frames at most."""


@dataclass(slots=True)
class LookPace:
    """How often the cameras of one process are looked at; all share it."""

    cameras: int = 1
    seconds_a_look: float = 0.0
    """Processor time, smoothed."""

    @property
    def interval_seconds(self) -> float:
        return max(LOOK_SECONDS, self.cameras * self.seconds_a_look / LOOK_SHARE)

    def note(self, seconds: float) -> None:
        """A look took so long."""
        self.seconds_a_look += LATEST_WEIGHT * (seconds - self.seconds_a_look)


@dataclass(slots=True)
class Sight:
    """Filled by a source's thread, read by the loop."""

    judge: ViewWatch
    pace: LookPace = field(default_factory=LookPace)
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    view: View | None = None
    looking_seconds: float = 0.0
    """Processor time of looking."""
    _looked_at: float = float("-inf")
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=COUNTED_FRAMES))

    @property
    def fps(self) -> float | None:
        """Frames per second that the source gives, before any is left out; None before the second one."""
        times = list(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else None

    def count(self, now: float) -> None:
        """The source gave a frame."""
        self._times.append(now)

    def look(self, jpeg: bytes, codec: str | None, now: float) -> None:
        """Judge this frame, unless the last look is too young."""
        if now - self._looked_at < self.pace.interval_seconds:
            return
        self._looked_at = now
        began = time.thread_time()
        image, width, height = glance(jpeg)
        self.codec = codec or "jpeg"
        if width and height:
            self.width, self.height = width, height
        if image is not None:
            self.view = self.judge.judge(image, now=now)
        seconds = time.thread_time() - began
        self.looking_seconds += seconds
        self.pace.note(seconds)

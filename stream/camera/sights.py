"""What a camera sees, once a second: size, codec, rate, and whether its view is any good."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from pipelines.images import Image
from stream.camera.sources.pictures import glance

LOOK_SECONDS: Final = 1.0
COUNTED_FRAMES: Final = 50
"""A rate is measured over so many frames at most."""

View = Literal["ok", "frozen", "dark", "blocked", "blurred"]


class ViewJudge(Protocol):
    """Remembers what it saw before, to tell a frozen picture."""

    def judge(self, image: Image, now: float) -> View:
        """`image`: RGB, small; `now`: seconds of a clock that never jumps."""
        ...


@dataclass(slots=True)
class Sight:
    """Filled by a source's thread, read by the loop."""

    judge: ViewJudge | None = None
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
        """Judge this frame, unless the last one that was judged is younger than a second."""
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        began = time.thread_time()
        image, width, height = glance(jpeg)
        self.codec = codec or "jpeg"
        if width and height:
            self.width, self.height = width, height
        if image is not None and self.judge is not None:
            self.view = self.judge.judge(image, now)
        self.looking_seconds += time.thread_time() - began

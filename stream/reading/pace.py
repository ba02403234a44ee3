"""How many frames a batch may hold: as many as are answered in a short time, however slow the model is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BATCH_SECONDS: Final = 0.075
"""While there are frames of realtime cameras, which wait for the whole batch and for those that are in hand before."""
PATIENT_SECONDS: Final = 0.25
"""While there are none: what a batch costs beside its frames is shared by more of them."""
SHORT_BATCHES: Final = 3
"""In flight at once: one is delivered, one is answered, one waits. With two, a flood has gaps between its batches."""
LONG_BATCHES: Final = 2
"""There is time to read the next one while one is answered: a third would only grow older."""
REALTIME_SECONDS: Final = 10.0
"""After the last frame of a realtime camera."""
MOST_FRAMES: Final = 128
"""Many only where most cost next to nothing: a very light model, or a flood of messages that are no frames."""
FIRST_FRAMES: Final = 4
WEIGHT: Final = 0.3
"""Of the last batch in the running mean."""


@dataclass(slots=True)
class Pace:
    """Follows the seconds that a frame takes to be answered."""

    most_frames: int = MOST_FRAMES
    frames: int = FIRST_FRAMES
    seconds_a_frame: float | None = None
    clock: Callable[[], float] = time.monotonic
    _batches: int = SHORT_BATCHES
    _realtime_until: float = float("-inf")

    @property
    def in_flight(self) -> int:
        """Frames that may be in hand at once."""
        return self._batches * self.frames

    def observe(self, frames: int, seconds: float, *, realtime: bool = False) -> None:
        """A batch of so many frames took so long; `realtime`: some of them were of realtime cameras."""
        now = self.clock()
        if realtime:
            self._realtime_until = now + REALTIME_SECONDS
        took = seconds / max(frames, 1)
        before = took if self.seconds_a_frame is None else self.seconds_a_frame
        self.seconds_a_frame = before + WEIGHT * (took - before)
        hurried = now < self._realtime_until
        allowed = BATCH_SECONDS if hurried else PATIENT_SECONDS
        wanted = int(allowed / self.seconds_a_frame) if self.seconds_a_frame > 0 else self.most_frames
        # a model that was just loaded is slow once; a batch is never doubled on one lucky measurement
        self.frames = max(1, min(wanted, 2 * self.frames, self.most_frames))
        self._batches = SHORT_BATCHES if hurried else LONG_BATCHES

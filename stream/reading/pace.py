"""How many frames a batch may hold: as many as are answered in a short time, however slow the model is."""

from dataclasses import dataclass
from typing import Final

BATCH_SECONDS: Final = 0.075
MOST_FRAMES: Final = 128
"""Many only where most cost next to nothing: a very light model, or a flood of messages that are no frames."""
FIRST_FRAMES: Final = 4
WEIGHT: Final = 0.3
"""Of the last batch in the running mean."""


@dataclass(slots=True)
class Pace:
    """Follows the seconds that a frame takes, from bytes to stored."""

    batch_seconds: float = BATCH_SECONDS
    most_frames: int = MOST_FRAMES
    frames: int = FIRST_FRAMES
    seconds_a_frame: float | None = None

    def observe(self, frames: int, seconds: float) -> None:
        """A batch of so many frames took so long."""
        took = seconds / max(frames, 1)
        before = took if self.seconds_a_frame is None else self.seconds_a_frame
        self.seconds_a_frame = before + WEIGHT * (took - before)
        wanted = int(self.batch_seconds / self.seconds_a_frame) if self.seconds_a_frame > 0 else self.most_frames
        # a model that was just loaded is slow once; a batch is never doubled on one lucky measurement
        self.frames = max(1, min(wanted, 2 * self.frames, self.most_frames))

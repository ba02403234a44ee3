"""The frames of one camera that a frame is answered with: those shortly before it. A video is read the same way."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pipelines.consensus.voting import Consensus, Vote, decide
from pipelines.consensus_params import MOST_FRAMES, ConsensusParams

MICROSECONDS: Final = 1_000_000
REACH: Final = 4096
"""Messages of a partition that a window may go back: so few are read when a worker starts."""


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame of the window."""

    offset: int
    """Its place in the order of frames."""
    captured_us: int
    """Microseconds since any fixed time: whole, so that the window's edge is no matter of rounding."""
    vote: Vote


@dataclass(slots=True)
class Window:
    """The last frames, in the order of their offsets.

    A frame is answered from itself and those before it, never from what came later: asked again, it says the same.
    """

    frames: deque[SeenFrame] = field(default_factory=lambda: deque(maxlen=MOST_FRAMES))

    @classmethod
    def of(cls, frames: Iterable[SeenFrame]) -> "Window":
        return cls(deque(frames, maxlen=MOST_FRAMES))

    @property
    def end(self) -> int:
        """The offset behind the last frame."""
        return self.frames[-1].offset + 1 if self.frames else 0

    def add(self, frame: SeenFrame, policy: ConsensusParams) -> Consensus:
        """What the window says at this frame, which must lie behind all others."""
        self.frames.append(frame)
        now, first = frame.captured_us, frame.offset - REACH
        since = now - round(policy.window_seconds * MICROSECONDS)
        return decide(
            [each.vote for each in self.frames if since < each.captured_us <= now and each.offset >= first], policy
        )

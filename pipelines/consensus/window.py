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
    _latest: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_FRAMES))
    """For each of them, the latest time of all frames up to it."""

    @classmethod
    def of(cls, frames: Iterable[SeenFrame]) -> "Window":
        window = cls()
        for frame in frames:
            window._append(frame)
        return window

    @property
    def end(self) -> int:
        """The offset behind the last frame."""
        return self.frames[-1].offset + 1 if self.frames else 0

    def add(self, frame: SeenFrame, policy: ConsensusParams) -> Consensus:
        """What the window says at this frame, which must lie behind all others."""
        self._append(frame)
        while self.frames[0].offset < frame.offset - REACH:  # out of reach of what comes later, too
            self.frames.popleft()
            self._latest.popleft()
        since = frame.captured_us - round(policy.window_seconds * MICROSECONDS)
        return decide(self._votes(since, frame.captured_us), policy)

    def _append(self, frame: SeenFrame) -> None:
        self._latest.append(max(frame.captured_us, self._latest[-1]) if self._latest else frame.captured_us)
        self.frames.append(frame)

    def _votes(self, since: int, until: int) -> list[Vote]:
        """Of frames captured after `since`, not after `until`; times may go back, so the last frames may be others."""
        votes = []
        for frame, latest in zip(reversed(self.frames), reversed(self._latest), strict=True):
            if latest <= since:
                break
            if since < frame.captured_us <= until:
                votes.append(frame.vote)
        return votes

"""The frames of one camera that a frame is answered with: those shortly before it. A video is read the same way."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pipelines.consensus.voting import Consensus, Sums, Vote, sum_up
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
    _inside: deque[SeenFrame] = field(default_factory=deque)
    """The frames that the last answer was made of, while their times rise: the next one is made from it."""
    _sums: Sums | None = None
    """Of their votes."""
    _policy: ConsensusParams | None = None
    """By which they were counted."""

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
        if self._sums is None or policy is not self._policy or frame.captured_us < self._latest[-1]:
            return self._count_anew(since, frame.captured_us, policy)
        self._sums.add(frame.vote)
        self._inside.append(frame)
        while self._inside[0].captured_us <= since or self._inside[0].offset < self.frames[0].offset:
            self._sums.add(self._inside.popleft().vote, -1)
        return self._sums.decide(policy)

    def _count_anew(self, since: int, until: int, policy: ConsensusParams) -> Consensus:
        self._inside = deque(reversed(self._within(since, until)))
        sums = sum_up((frame.vote for frame in self._inside), policy.weights)
        times = [frame.captured_us for frame in self._inside]
        # else those that leave the window first are not those that came first
        self._sums = sums if times == sorted(times) and until == self._latest[-1] else None
        self._policy = policy
        return sums.decide(policy)

    def _append(self, frame: SeenFrame) -> None:
        self._latest.append(max(frame.captured_us, self._latest[-1]) if self._latest else frame.captured_us)
        self.frames.append(frame)

    def _within(self, since: int, until: int) -> list[SeenFrame]:
        """Frames captured after `since`, not after `until`, the last one first; times may go back."""
        within = []
        for frame, latest in zip(reversed(self.frames), reversed(self._latest), strict=True):
            if latest <= since:
                break
            if since < frame.captured_us <= until:
                within.append(frame)
        return within

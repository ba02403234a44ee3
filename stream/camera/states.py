"""The state of one source: connecting, online, stale, offline or disabled, and what moves it from one to another."""

from dataclasses import dataclass, field
from typing import Final, Literal

CameraStatus = Literal["connecting", "online", "stale", "offline", "disabled"]

STALE_SECONDS: Final = 5.0
OFFLINE_SECONDS: Final = 20.0
PATIENT_INTERVALS: Final = 3
"""A slow camera may be silent for so many of its own intervals."""
EARLY_SHARE: Final = 0.3
"""Of an interval: so much too early is in time, else jitter would drop frames of a camera that has just this rate."""


@dataclass(slots=True)
class SourceState:
    """What happened to a source, in seconds of a clock that never jumps; `judge` says what that makes it."""

    rate: float
    """Frames per second that are awaited."""
    begun_at: float
    enabled: bool = True
    is_live: bool = False
    """Sends at its own rate, whatever rate is awaited."""
    is_lost: bool = True
    """Not open: at the start, and after a failure until it sends again."""
    is_done: bool = False
    heard_at: float = field(init=False)
    """Latest frame of the source; at first the start."""
    delivered_at: float | None = None

    def __post_init__(self) -> None:
        self.heard_at = self.begun_at

    def hear(self, now: float) -> None:
        """The source sent a frame."""
        self.heard_at = now
        self.is_lost = False

    def lose(self) -> None:
        """The source cannot be opened, or broke off."""
        self.is_lost = True

    def deliver(self, now: float) -> None:
        """The broker has a frame."""
        self.delivered_at = now

    def finish(self) -> None:
        """Played to its end, or taken out of the file."""
        self.is_done = True

    def judge(self, now: float, *, is_held_up: bool = False) -> CameraStatus:
        """`is_held_up`: the source waits for the broker, so its silence is none of its own."""
        if not self.enabled:
            return "disabled"
        silent = 0.0 if is_held_up else now - self.heard_at
        patience = PATIENT_INTERVALS / self.rate
        if self.is_done or silent >= max(OFFLINE_SECONDS, 0 if self.is_live else patience):
            return "offline"
        if self.is_lost:
            return "connecting"
        undelivered = now - (self.delivered_at or self.begun_at)
        if undelivered >= max(STALE_SECONDS, patience) or (self.is_live and silent >= STALE_SECONDS):
            return "stale"
        return "connecting" if self.delivered_at is None else "online"


def next_turn(due: float, interval: float, now: float) -> float:
    """When the next frame goes out. A source that was held up goes on at its pace, without catching up."""
    return max(due + interval, now)


@dataclass(slots=True)
class RateLimit:
    """Thins a live source: at most `rate` frames a second in the long run, each let through as soon as it comes."""

    rate: float
    _due: float | None = None

    def takes(self, now: float) -> bool:
        interval = 1 / self.rate
        if self._due is None:
            self._due = now
        if now < self._due - EARLY_SHARE * interval:
            return False
        # a frame that came late makes the next one no later: frames seldom come just when one is due
        self._due = max(self._due + interval, now)
        return True

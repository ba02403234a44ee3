"""Consumer lag over the last minute: how many frames wait, and whether they become more."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from stream.http import Check

WINDOW_SECONDS: Final = 60.0
FEWEST_READINGS: Final = 3
GROWING_PER_SECOND: Final = 0.5
GROWING_FRAMES: Final = 50
"""Fewer frames that wait are a burst, not a worker that is too slow."""


class LagHistory:
    """Readings by the watchdog; one thread adds, others ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readings: deque[tuple[float, Mapping[int, int]]] = deque()

    def add(self, frames: Mapping[int, int]) -> None:
        """Frames that wait, by partition. Partitions that came or went begin a new history."""
        now = self._clock()
        readings = self._readings.copy()
        if readings and readings[-1][1].keys() != frames.keys():
            readings.clear()
        readings.append((now, dict(frames)))
        while now - readings[0][0] > WINDOW_SECONDS:
            readings.popleft()
        self._readings = readings  # readers hold the one before

    @property
    def latest(self) -> Mapping[int, int] | None:
        """By partition; None before the broker was asked for the first time."""
        readings = self._readings
        return readings[-1][1] if readings else None

    def growth_per_second(self) -> float:
        """Frames that wait more each second, negative when they become fewer; 0 while too little is known."""
        readings = self._readings
        if len(readings) < FEWEST_READINGS:
            return 0.0
        (began, first), (ended, last) = readings[0], readings[-1]
        return (sum(last.values()) - sum(first.values())) / max(ended - began, 1e-3)

    def check(self) -> Check:
        """Always ok: a lag is no part that is missing. Says so when it grows."""
        waiting, growth = sum((self.latest or {}).values()), self.growth_per_second()
        if waiting < GROWING_FRAMES or growth < GROWING_PER_SECOND:
            return Check(ok=True)
        return Check(ok=True, reason=f"growing: {waiting} frames wait, {growth:.1f} more each second")

"""The worker's last minute: how many frames a second, and how long they took."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

WINDOW_SECONDS: Final = 60.0
RATE_SECONDS: Final = 10.0
MOST: Final = 8192
"""So many latencies at most are remembered; a faster worker remembers less than a minute."""


class RecentFrames:
    """Latencies of the frames stored in the last minute; exact, where a histogram only knows its buckets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started_at = clock()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._batches: deque[tuple[float, int]] = deque()

    def add(self, latencies: Sequence[float], frames: int) -> None:
        """Seconds from capture to stored of one batch's frames, and how many frames came to an end in it."""
        now = self._clock()
        with self._lock:
            self._latencies.extend((now, latency) for latency in latencies)
            self._batches.append((now, frames))
            while now - self._batches[0][0] > RATE_SECONDS:
                self._batches.popleft()

    def frames_per_second(self) -> float:
        """Over the last ten seconds, or since the start where that is less."""
        now = self._clock()
        with self._lock:
            frames = sum(count for at, count in self._batches if now - at <= RATE_SECONDS)
        return frames / min(max(now - self._started_at, 1.0), RATE_SECONDS)

    def percentiles_ms(self) -> dict[str, float]:
        """`p50`, `p95` and `p99` of the last minute; empty when nothing was stored in it."""
        oldest = self._clock() - WINDOW_SECONDS
        with self._lock:
            seconds = [latency for at, latency in self._latencies if at >= oldest]
        if not seconds:
            return {}
        values = np.percentile(np.array(seconds) * 1000, (50, 95, 99))
        return {f"p{q}": round(float(value), 1) for q, value in zip((50, 95, 99), values, strict=True)}

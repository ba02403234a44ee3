"""Which cameras have metrics of their own: a bounded number, however many ids a sender makes up."""

import time
from collections.abc import Callable
from typing import Final

MOST_CAMERAS: Final = 100
IDLE_SECONDS: Final = 3600.0
OTHER: Final = "other"
"""All cameras beyond the bound."""
UNKNOWN: Final = "unknown"
"""Messages that died before their camera was known."""


class CameraLabels:
    """The first hundred cameras seen; one that was silent for an hour gives its place to a new one."""

    def __init__(
        self,
        forget: Callable[[str], None],
        *,
        most: int = MOST_CAMERAS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._forget = forget
        self._most = most
        self._clock = clock
        self._seen_at: dict[str, float] = {}

    def label(self, camera_id: str | None) -> str:
        """The camera's own name, `other` or `unknown`."""
        if camera_id is None:
            return UNKNOWN
        now = self._clock()
        if camera_id not in self._seen_at and len(self._seen_at) >= self._most and not self._make_room(now):
            return OTHER
        self._seen_at[camera_id] = now
        return camera_id

    def _make_room(self, now: float) -> bool:
        idle = min(self._seen_at, key=self._seen_at.__getitem__)
        if now - self._seen_at[idle] < IDLE_SECONDS:
            return False
        del self._seen_at[idle]
        self._forget(idle)
        return True

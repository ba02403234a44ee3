"""From a source's thread to the loop: a queue that is bounded in both modes."""

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

NEWEST_FRAMES: Final = 2
"""What a realtime camera may have waiting: one that goes out next, and the newest."""
WAITING_FRAMES: Final = 1


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """A picture of a source, encoded and ready to go."""

    jpeg: bytes
    image_name: str | None
    captured_at: datetime


class Handover:
    """One thread puts, one task takes. With `newest_wins` a full queue loses its oldest frame, else `put` waits."""

    def __init__(self, *, newest_wins: bool) -> None:
        self.dropped = 0
        self._newest_wins = newest_wins
        self._frames: deque[CapturedFrame] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._is_waiting = False
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Frames that nobody took yet."""
        return len(self._frames)

    @property
    def is_held_up(self) -> bool:
        """Whether the source waits for the broker."""
        return self._is_waiting

    def put(self, frame: CapturedFrame) -> None:
        """From the thread. Blocks while the queue is full, unless the newest wins; does nothing once it is closed."""
        with self._changed:
            if self._newest_wins:
                while len(self._frames) >= NEWEST_FRAMES:
                    self._frames.popleft()
                    self.dropped += 1
            else:
                self._is_waiting = True
                self._changed.wait_for(lambda: len(self._frames) < WAITING_FRAMES or self._is_closed)
                self._is_waiting = False
            if self._is_closed:
                return
            self._frames.append(frame)
        self._wake()

    async def take(self) -> CapturedFrame | None:
        """The oldest that waits; None when the queue is closed and, unless frames were thrown away, empty."""
        while True:
            self._arrived.clear()
            with self._changed:
                if self._frames:
                    frame = self._frames.popleft()
                    self._changed.notify_all()
                    return frame
                if self._is_closed:
                    return None
            await self._arrived.wait()

    def close(self, *, throw_away: bool = False) -> None:
        """From either side: nothing is put any more. What waits is still taken, or thrown away and counted."""
        with self._changed:
            self._is_closed = True
            if throw_away:
                self.dropped += len(self._frames)
                self._frames.clear()
            self._changed.notify_all()
        self._wake()

    def _wake(self) -> None:
        # a thread may outlive the loop: its source hung while the process ended
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)

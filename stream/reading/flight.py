"""Frames in flight: handed out of the consumer and not released yet, bounded by bytes and by number."""

import asyncio
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from stream.reading.pace import Pace

MAX_BYTES: Final = 24 * 1024 * 1024
LOOK_SECONDS: Final = 0.1


@dataclass(slots=True)
class Flight:
    """Counts messages until they are released, or until nobody holds them any more, as after a rebalance."""

    pace: Pace
    max_bytes: int = MAX_BYTES
    bytes: int = 0
    _sizes: dict[Any, int] = field(default_factory=dict)
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def frames(self) -> int:
        return len(self._sizes)

    @property
    def has_room(self) -> bool:
        """Whether one more may leave. Beside a single one it always may: Faust holds the last one a while."""
        return self.frames <= 1 or (self.bytes < self.max_bytes and self.frames < self.pace.in_flight)

    def board(self, message: Any, size: int) -> None:
        """The message counts from now on."""
        self._sizes[weakref.ref(message, self._let_go)] = size
        self.bytes += size

    def release(self, message: Any) -> None:
        """It is stored, published and acknowledged; its bytes are not needed any more."""
        self._let_go(weakref.ref(message, self._let_go))
        self._room.set()

    async def wait_for_room(self, *, unless: Callable[[], bool]) -> None:
        """Returns when there is room, or soon after `unless` holds."""
        while not self.has_room and not unless():
            self._room.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._room.wait(), LOOK_SECONDS)

    def _let_go(self, reference: Any) -> None:
        # wakes nobody: the garbage collector may call this in any thread
        self.bytes -= self._sizes.pop(reference, 0)

"""Batches of what has arrived: a frame that nothing waits for is answered at once, and what waits goes together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from faust.streams import Stream
from faust.types import EventT, StreamT

from stream.reading.pace import Pace

BATCH_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class Arrivals:
    """Events that were read and are in no batch yet; no more than may be in flight, whoever hands them out."""

    pace: Pace
    events: deque[EventT[bytes]] = field(default_factory=deque)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, stream: StreamT[Any]) -> None:
        """Until the stream ends, also while a batch is answered: collecting the next one takes no time then.

        The next event is always awaited here, which a rebalance leaves alone; draining Faust's queue would leave the
        agent waiting with events that the rebalance waits for.
        """
        try:
            async for event in cast(Stream[bytes], stream).noack().events():
                self.events.append(event)
                self._changed.set()
                # Faust's own consumer stops for a full buffer alone, which one that is always emptied never is
                while len(self.events) >= self.pace.in_flight:
                    self._taken.clear()
                    await self._taken.wait()
        finally:
            self._changed.set()

    async def change(self) -> None:
        """Returns once there is another event, or the stream has ended."""
        await self._changed.wait()
        self._changed.clear()

    def cut(self) -> list[EventT[bytes]]:
        """The oldest of them, as many as the pace allows and up to the one that makes the batch large."""
        batch: list[EventT[bytes]] = []
        size = 0
        while self.events and len(batch) < self.pace.frames and size < BATCH_BYTES:
            event = self.events.popleft()
            size += len(event.message.value or b"")
            batch.append(event)
        self._taken.set()
        return batch


async def batches(stream: StreamT[Any], pace: Pace) -> AsyncIterator[list[EventT[bytes]]]:
    """What has arrived, up to what is answered in a short time, without waiting for more."""
    arrivals = Arrivals(pace)
    reading = asyncio.create_task(arrivals.read(stream))
    try:
        while not reading.done():
            if arrivals.events:
                yield arrivals.cut()
            else:
                await arrivals.change()
        reading.result()
    finally:
        reading.cancel()

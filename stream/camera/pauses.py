"""Pauses between attempts: longer and longer, with jitter."""

import asyncio
import random
from typing import Final

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0


class Pauses:
    """With jitter, so that many cameras do not come back at the same moment."""

    def __init__(self) -> None:
        self._seconds = FIRST_PAUSE_SECONDS

    def next_seconds(self) -> float:
        """How long to wait now; from half to the whole of a length that doubles each time."""
        seconds = self._seconds * random.uniform(0.5, 1.0)  # noqa: S311  jitter is no secret
        self._seconds = min(self._seconds * 2, LONGEST_PAUSE_SECONDS)
        return seconds

    def reset(self) -> None:
        """It went well: the next pause is short again."""
        self._seconds = FIRST_PAUSE_SECONDS

    async def wait(self) -> None:
        await asyncio.sleep(self.next_seconds())

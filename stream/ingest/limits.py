"""What a push may cost: bytes, seconds, frames per second of a camera, and how much is under way at once."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.ingest.refusals import RefusedError

LARGEST_BODY_BYTES: Final = LARGEST_FRAME_BYTES * 4 // 3 + 16 * 1024
"""The largest frame in base64, with the other fields of v1."""


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """Of one camera process."""

    body_bytes: int = LARGEST_BODY_BYTES
    body_seconds: float = 20.0
    """From the first byte awaited to the last: a slow client cannot hold its place for longer."""
    header_seconds: float = 10.0
    """For the request line and headers."""
    requests: int = 64
    """Under way at once, from the headers to the broker's answer."""
    bytes_under_way: int = 64 * 1024 * 1024
    deliver_seconds: float = 10.0
    """How long the broker may take before the camera is told to come again."""
    away_seconds: float = 3.0
    """A delivery that waits this long means that the broker is away: other pushes are refused at once."""
    connections: int = 2048


DEFAULT_LIMITS: Final = IngestLimits()

RATE_TOLERANCE: Final = 1.1
"""A camera's clock may run a little fast."""
BURST_SECONDS: Final = 2.0
LEAST_BURST: Final = 3


class TokenBucket:
    """`rate` frames per second in the long run, a few more at once after a pause."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate * RATE_TOLERANCE
        self._most = max(float(LEAST_BURST), rate * BURST_SECONDS)
        self._left = self._most
        self._filled_at = now

    def take(self, now: float) -> float:
        """0 when a frame may come, else the seconds until the next one may."""
        self._left = min(self._most, self._left + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0


@dataclass(eq=False, slots=True)
class Load:
    """What one push holds until it is released."""

    gate: "Gate"
    began: float
    size_bytes: int = 0
    is_delivering: bool = False

    def grow(self, size_bytes: int) -> None:
        """More of the body came. Raises RefusedError when all pushes together hold too much."""
        self.gate.size_bytes += size_bytes
        self.size_bytes += size_bytes
        if self.gate.size_bytes > self.gate.limits.bytes_under_way:
            raise busy("bytes_under_way", "Expected fewer bytes under way at once. Come again soon.")

    def deliver(self) -> None:
        """The frame goes to the broker now."""
        self.began = time.monotonic()
        self.is_delivering = True

    def release(self) -> None:
        if self in self.gate.loads:
            self.gate.loads.discard(self)
            self.gate.size_bytes -= self.size_bytes


@dataclass(slots=True)
class Gate:
    """All pushes under way in this process."""

    limits: IngestLimits
    loads: set[Load] = field(default_factory=set)
    size_bytes: int = 0

    def enter(self) -> Load:
        """A place for one push. Raises RefusedError when all are taken."""
        if len(self.loads) >= self.limits.requests:
            raise busy(
                "requests_under_way", f"Expected at most {self.limits.requests} pushes at once. Come again soon."
            )
        load = Load(self, time.monotonic())
        self.loads.add(load)
        return load

    def delivering_seconds(self) -> float:
        """How long the oldest delivery has been waiting for the broker; 0 without any."""
        oldest = min((load.began for load in self.loads if load.is_delivering), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def check_broker(self) -> None:
        """Raises RefusedError while the broker is away: what is sent now would only pile up."""
        if self.delivering_seconds() > self.limits.away_seconds:
            raise broker_away()


async def read_body(chunks: AsyncIterator[bytes], declared: str | None, load: Load) -> bytes:
    """The whole body, counted as it comes, whatever its headers say.

    Raises RefusedError for one that is too large or takes too long.
    """
    limits = load.gate.limits
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limits.body_bytes:
        raise _too_large(f"{int(declared[:20])} declared", limits.body_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in chunks:
                if len(body) + len(chunk) > limits.body_bytes:
                    raise _too_large("more", limits.body_bytes)
                load.grow(len(chunk))
                body += chunk
    except TimeoutError:
        raise RefusedError(408, "slow_body", f"Expected the whole body within {limits.body_seconds:g} s.") from None
    return bytes(body)


def busy(reason: str, text: str) -> RefusedError:
    return RefusedError(503, reason, text, retry_after_seconds=spread_seconds(1, 3))


def broker_away() -> RefusedError:
    return RefusedError(
        503,
        "broker_away",
        "Expected the broker to take frames. It is away. Come again soon, with the same frame_id.",
        retry_after_seconds=spread_seconds(3, 8),
    )


def spread_seconds(least: int, most: int) -> int:
    """When to come again; not the same for all, who would come at one moment."""
    return random.randint(least, most)  # noqa: S311  jitter is no secret


def _too_large(came: str, limit: int) -> RefusedError:
    return RefusedError(413, "body_too_large", f"Expected a body of at most {limit} bytes, received {came}.")

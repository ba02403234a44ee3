"""Why the worker before this one ended itself: its last word, left in the heartbeat that its successor finds."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from stream.http import Check
from stream.monitoring.contacts import say_seconds

TELL: Final = timedelta(minutes=15)
"""So long a worker tells how the one before it ended."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last word."""

    at: datetime
    words: str

    def describe(self) -> dict[str, Any]:
        """As it lies in the heartbeat under `farewell`."""
        return {"at": self.at.isoformat(), "words": self.words}


def load_farewell(heartbeat: Path) -> Farewell | None:
    """What an earlier process of this slot left; None when it ended otherwise, or long ago."""
    try:
        left = json.loads(heartbeat.read_bytes())["farewell"]
        return Farewell(datetime.fromisoformat(left["at"]), str(left["words"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_farewell(farewell: Farewell | None, now: datetime | None = None) -> Check:
    """Always ok: it is over. Said for a while, since a worker that ends itself again and again looks well between."""
    ago = (now or datetime.now(UTC)) - farewell.at if farewell else TELL
    if farewell is None or ago >= TELL:
        return Check(ok=True)
    return Check(ok=True, reason=f"{say_seconds(ago.total_seconds())} ago: {farewell.words}")

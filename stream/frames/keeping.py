"""What a worker starts to keep frames: the keeper that writes them and the retention that removes them."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from stream.frames.config import KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.keeper import Keeper
from stream.frames.kept_frames import KeptIndex
from stream.frames.retention import Retention
from stream.store import PredictionStore


@dataclass(frozen=True, slots=True)
class FramesPlace:
    """Where kept frames lie."""

    url: str | None = None
    """VIGIA_FRAMES_URL; None: `kept` below the state folder."""
    endpoint: str | None = None
    """VIGIA_FRAMES_ENDPOINT."""

    def open(self, state: Path) -> FrameStore:
        """Raises SettingsError for an address that is neither a folder nor S3."""
        return FrameStore(self.url or str(state / "kept"), endpoint=self.endpoint)


def start_keeping(
    place: FramesPlace, state: Path, database: PredictionStore, policy: Callable[[], KeepPolicy]
) -> Keeper:
    """A keeper that runs, beside a retention that runs; closing the keeper ends both."""
    store, index = place.open(state), KeptIndex(database)

    def claim() -> None:
        # a folder below the home goes where the home goes; any other may be named by two homes
        if place.url:
            store.claim(name_owner(database.engine))

    keeper = Keeper(store, index, policy, prepare=claim)
    keeper.start()
    Retention(store, index, policy, prepare=claim).start(keeper.closed)
    return keeper


def name_owner(engine: Engine) -> str:
    """The prediction store in words, without its password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return f"{socket.gethostname()}:{Path(url.database or '').absolute()}"
    return f"{url.host}:{url.port or 5432}/{url.database}"

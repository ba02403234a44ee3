"""A running MLflow asked again and again by one process: as long as nothing changed, that costs it next to nothing."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from pipelines.lookup.facts import Lookup, RegisteredVersion, RunFacts
from pipelines.lookup.registry_server import RegistryServer
from pipelines.settings import Endpoints, Settings

FRESH_SECONDS: Final = 0.25
"""Questions of one look are answered by one request."""
GREET_SECONDS: Final = 3.0
"""How late a server that is gone is noticed while its file does not change."""
DETAILS_SECONDS: Final = 10.0
"""A tag that was changed at a version, and nothing else, is seen after so long where the file is not at hand."""
DOUBT_SECONDS: Final = 30.0
"""So often the server is asked although its file did not change: the file may be another server's."""
SETTLED_SECONDS: Final = 1.0
"""A file that was written so lately may be written again within the same tick of its clock."""

Stamp = tuple[tuple[int, int] | None, ...]
"""Time of the last write in nanoseconds, and size."""
Aliases = Mapping[str, Mapping[str, int]]


class Server(Lookup, Protocol):
    """A look-up that tells all aliases at once."""

    def aliases(self) -> Aliases:
        """Of every classifier, those that have none included."""
        ...

    def greet(self) -> None:
        """Raises RegistryError when it does not answer."""
        ...


def remember_registry(lookup: Lookup, settings: Settings) -> Lookup:
    """For who asks every second. What needs no server is asked as before."""
    if not isinstance(lookup, RegistryServer):
        return lookup
    endpoints = Endpoints.load(settings.endpoints_file)
    here = endpoints is not None and lookup.url == endpoints.mlflow_url
    return RememberingLookup(lookup, look_at(settings.mlflow_database) if here else None)


def look_at(database: Path) -> Callable[[], Stamp]:
    """Another stamp after every write to this SQLite file, however it keeps its journal."""
    files = (database, database.with_name(f"{database.name}-wal"))
    return lambda: tuple(_look(file) for file in files)


def is_settled(stamp: Stamp, wall_seconds: float) -> bool:
    """Whether the next write is sure to change the stamp."""
    written = [seen[0] / 1e9 for seen in stamp if seen]
    return bool(written) and wall_seconds - max(written) >= SETTLED_SECONDS


class RememberingLookup:
    """Answers from memory while the database file has the same stamp, and for a moment where there is no file.

    A file that stays as it was while the answers change is not that server's, and is not looked at again.
    Any thread may ask. An error of the server is raised as it comes, and the server asked anew the next time.
    """

    def __init__(
        self,
        server: Server,
        stamp: Callable[[], Stamp] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._stamp = stamp
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._seen: Stamp | None = None
        self._settled = False
        """Whether what was seen answers for the server."""
        self._aliases: Aliases = {}
        self._heard_at = self._asked_at = float("-inf")
        self._versions: dict[tuple[str, int], tuple[float, RegisteredVersion]] = {}

    def classifiers(self) -> tuple[str, ...]:
        return tuple(sorted(self._look()))

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        aliases = self._look().get(classifier, {})
        number = aliases.get(alias)
        if number is None:
            return None
        found = self._describe(classifier, number)
        held = tuple(sorted(name for name, holder in aliases.items() if holder == number))
        return found and replace(found, aliases=held)

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        return self._server.version(classifier, version)

    def versions(self, classifier: str) -> tuple[int, ...]:
        return self._server.versions(classifier)

    def run(self, run_id: str) -> RunFacts | None:
        return self._server.run(run_id)

    def _look(self) -> Aliases:
        with self._lock:
            # before the question: what is written meanwhile is asked again
            stamp = self._stamp() if self._stamp else None
            unchanged = stamp == self._seen
            patience = GREET_SECONDS if self._settled else FRESH_SECONDS
            now = self._clock()
            if unchanged and now - self._heard_at < patience:
                return self._aliases
            if unchanged and self._settled and now - self._asked_at < DOUBT_SECONDS:
                self._server.greet()
            else:
                self._ask(stamp)
                self._asked_at = self._clock()
            self._heard_at = self._clock()
            return self._aliases

    def _ask(self, stamp: Stamp | None) -> None:
        asked_at = self._wall()
        aliases = self._server.aliases()
        if self._stamp:
            self._versions.clear()
            relied = self._settled and stamp == self._seen
            if relied and aliases != self._aliases and self._stamp() == stamp:
                self._stamp = stamp = None
        self._aliases = aliases
        self._seen, self._settled = stamp, stamp is not None and is_settled(stamp, asked_at)

    def _describe(self, classifier: str, number: int) -> RegisteredVersion | None:
        with self._lock:
            known = self._versions.get((classifier, number))
            if known and (self._settled or self._clock() - known[0] < DETAILS_SECONDS):
                return known[1]
            found = self._server.version(classifier, number)
            if found is None:
                self._versions.pop((classifier, number), None)
            else:
                self._versions[classifier, number] = (self._clock(), found)
            return found


def _look(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size

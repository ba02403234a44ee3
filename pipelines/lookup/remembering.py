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
QUIET_SECONDS: Final = 3.0
"""So long a database file that nobody wrote to answers for its server; also how late one that is gone is noticed."""
DETAILS_SECONDS: Final = 10.0
"""A tag that was changed at a version, and nothing else, is seen after so long where the file is not at hand."""

Stamp = tuple[tuple[int, int] | None, ...]
Aliases = Mapping[str, Mapping[str, int]]


class Server(Lookup, Protocol):
    """A look-up that tells all aliases at once."""

    def aliases(self) -> Aliases:
        """Of every classifier, those that have none included."""
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


class RememberingLookup:
    """Answers from memory while the database file has the same stamp, and for a moment where there is no file.

    Any thread may ask. What the server did not answer is asked anew, so its errors are raised as they come.
    """

    def __init__(
        self, server: Server, stamp: Callable[[], Stamp] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._stamp = stamp
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: Stamp | None = None
        self._aliases: Aliases = {}
        self._asked_at = float("-inf")
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
            stamp = self._stamp() if self._stamp else None
            changed = stamp != self._seen
            patience = FRESH_SECONDS if self._stamp is None else QUIET_SECONDS
            if changed or self._clock() - self._asked_at >= patience:
                self._aliases = self._server.aliases()
                # as it was before the question: what is written meanwhile is asked again
                self._seen, self._asked_at = stamp, self._clock()
                if changed:
                    self._versions.clear()
            return self._aliases

    def _describe(self, classifier: str, number: int) -> RegisteredVersion | None:
        with self._lock:
            known = self._versions.get((classifier, number))
            if known and (self._stamp or self._clock() - known[0] < DETAILS_SECONDS):
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

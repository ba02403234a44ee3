"""The versions in memory of every classifier, and which of them serve."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from stream.models.versions import Refusal, Versions
from stream.worker.batches import Serving

FREE_SECONDS: Final = 5.0


class HeldVersions:
    """Any thread may ask; only one at a time may change those of one classifier."""

    def __init__(self) -> None:
        self._versions: dict[str, Versions] = {}
        self._lock = threading.Lock()
        self._serving: Serving = MappingProxyType({})

    @property
    def serving(self) -> Serving:
        return self._serving

    @property
    def refusals(self) -> dict[str, Refusal]:
        """By classifier."""
        return {name: each.refusal for name, each in self.all().items() if each.refusal}

    def all(self) -> dict[str, Versions]:
        with self._lock:
            return dict(self._versions)

    def of(self, name: str) -> Versions:
        return self._versions.get(name, Versions())

    def keep(self, name: str, versions: Versions) -> None:
        """From now on these; a version among them that serves answers the next batch."""
        with self._lock:
            self._versions[name] = versions
            if versions.served:
                self._serving = MappingProxyType({**self._serving, name: versions.served.classifier})

    def let_go(self, name: str) -> None:
        """Nothing of this classifier answers any more."""
        with self._lock:
            self._versions.pop(name, None)
            self._serving = MappingProxyType({other: c for other, c in self._serving.items() if other != name})

    def drop_spare(self, name: str) -> None:
        """A third version is loaded only when the memory of the first is free again."""
        versions = self.of(name)
        if versions.spare is None:
            return
        left = weakref.ref(versions.spare.classifier)
        self.keep(name, replace(versions, spare=None))
        del versions
        pause, ends_at = threading.Event(), time.monotonic() + FREE_SECONDS
        while left() is not None and time.monotonic() < ends_at:
            pause.wait(0.01)  # a batch that began with it still runs

    def free_spares(self, older_than_seconds: float, is_busy: Callable[[str], bool]) -> None:
        now = time.monotonic()
        for name, versions in self.all().items():
            if versions.spare and now - versions.spare.since > older_than_seconds and not is_busy(name):
                self.keep(name, replace(versions, spare=None))

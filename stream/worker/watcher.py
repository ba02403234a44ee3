"""The model watcher: loads what the registry calls production beside the old version, then swaps."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, Protocol

from pipelines.errors import StoreError, VigiaError
from pipelines.inference import Classifier
from stream.store import ModelEvent, ModelEventKind
from stream.worker.batches import Serving
from stream.worker.contacts import Contact
from stream.worker.inferring import infer_blank

PRODUCTION: Final = "production"
POLL_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0

log = logging.getLogger(__name__)

LoadClassifier = Callable[[Path, str, int], Classifier]
RecordEvent = Callable[[ModelEvent], None]


class Registry(Protocol):
    """What the watcher needs of pipelines.registry."""

    def classifiers(self) -> tuple[str, ...]: ...

    def version_of_alias(self, classifier: str, alias: Literal["production"]) -> int | None: ...

    def download(self, classifier: str, version: int, into: Path) -> Path: ...


@dataclass(frozen=True, slots=True)
class SomeClassifiers:
    """A registry of which only some classifiers are looked at."""

    registry: Registry
    names: tuple[str, ...]

    def classifiers(self) -> tuple[str, ...]:
        return tuple(name for name in self.registry.classifiers() if name in self.names)

    def version_of_alias(self, classifier: str, alias: Literal["production"]) -> int | None:
        return self.registry.version_of_alias(classifier, alias)

    def download(self, classifier: str, version: int, into: Path) -> Path:
        return self.registry.download(classifier, version, into)


def restrict_registry(registry: Registry, names: tuple[str, ...]) -> Registry:
    """The registry itself when no classifier is named."""
    return SomeClassifiers(registry, names) if names else registry


OpenRegistry = Callable[[], Registry]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that could not be loaded, and when to try it again."""

    version: int
    failures: int
    retry_at: float
    """Monotonic seconds."""
    words: str = ""


class ModelWatcher:
    """Polls the production alias of every classifier on a thread of its own."""

    def __init__(
        self, open_registry: OpenRegistry, load: LoadClassifier, record: RecordEvent, *, folder: Path, worker: str
    ) -> None:
        self._open_registry = open_registry
        self._registry: Registry | None = None
        self._load = load
        self._record = record
        self._folder = folder
        self._worker = worker
        self._refusals: dict[str, Refusal] = {}
        self.registry_contact = Contact("not asked yet")
        self._ready = threading.Event()
        self._serving: Serving = MappingProxyType({})

    @property
    def serving(self) -> Serving:
        """Read once for each batch: it may be another mapping the next moment."""
        return self._serving

    @property
    def refusals(self) -> Mapping[str, Refusal]:
        """Versions that are production by the registry and could not be loaded, by classifier."""
        return dict(self._refusals)

    def start(self) -> None:
        threading.Thread(target=self._run, name="model watcher", daemon=True).start()

    def wait_until_serving(self, timeout_seconds: float) -> bool:
        """True once at least one classifier has a production version loaded."""
        return self._ready.wait(timeout_seconds)

    def poll(self) -> None:
        """Look at every alias once; load and swap what is new. A registry that is away changes nothing."""
        try:
            # opened here and not at start: a registry that comes up later than the worker is waited for
            registry = self._registry = self._registry or self._open_registry()
            aliases = {name: registry.version_of_alias(name, PRODUCTION) for name in registry.classifiers()}
        except Exception as error:  # noqa: BLE001  clients of the registry leak errors of many kinds; serving goes on
            self._say_registry_is_away(error)
            return
        if self.registry_contact.away:
            log.info("the registry answers again")
        self.registry_contact.heard()
        for name, version in aliases.items():
            served = self._serving.get(name)
            if should_load(version, served.version if served else None, self._refusals.get(name), time.monotonic()):
                assert version is not None  # noqa: S101  should_load says so
                self._replace(registry, name, version, served)
        if self._serving:
            # not before every alias was looked at: a frame read too early would lack the models that still load
            self._ready.set()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self.poll()
            pause.wait(POLL_SECONDS)

    def _replace(self, registry: Registry, name: str, version: int, served: Classifier | None) -> None:
        started = time.monotonic()
        folder = self._folder / name / str(version)
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            classifier = self._load(registry.download(name, version, folder), name, version)
            warm_up(classifier)
        except Exception as error:  # noqa: BLE001  whatever a broken model raises, the old one goes on serving
            self._refuse(name, version, served, error)
            return
        self._refusals.pop(name, None)
        self._serving = MappingProxyType({**self._serving, name: classifier})
        seconds = time.monotonic() - started
        log.info("%s version %d serves now, loaded in %.2f s", name, version, seconds)
        self._tell(name, version, served, "swapped" if served else "loaded", f"loaded in {seconds:.2f} s")
        self._forget_folders(name, version)

    def _refuse(self, name: str, version: int, served: Classifier | None, error: Exception) -> None:
        before = self._refusals.get(name)
        again = before is not None and before.version == version
        failures = before.failures + 1 if before and again else 1
        pause = min(2.0**failures, LONGEST_PAUSE_SECONDS)
        words = str(error) if isinstance(error, VigiaError) else f"{type(error).__name__}: {error}"
        self._refusals[name] = Refusal(version, failures, time.monotonic() + pause, words)
        log.error("%s version %d refused, next try in %.0f s: %s", name, version, pause, words)
        if not again:
            self._tell(name, version, served, "refused", words)

    def _tell(self, name: str, version: int, served: Classifier | None, event: ModelEventKind, detail: str) -> None:
        change = ModelEvent(
            at=datetime.now(UTC),
            worker=self._worker,
            classifier=name,
            from_version=served.version if served else None,
            to_version=version,
            event=event,
            detail=detail[:1000],
        )
        try:
            self._record(change)
        except StoreError as error:
            log.error("could not record that %s version %d was %s: %s", name, version, event, error)

    def _forget_folders(self, name: str, version: int) -> None:
        for folder in (self._folder / name).iterdir():
            if folder.name != str(version):
                shutil.rmtree(folder, ignore_errors=True)

    def _say_registry_is_away(self, error: Exception) -> None:
        if not self.registry_contact.away:
            log.warning("the registry does not answer; what is loaded goes on serving: %s", error)
        self.registry_contact.lost(f"{type(error).__name__}: {error}")


def should_load(version: int | None, served: int | None, refusal: Refusal | None, now: float) -> bool:
    """Whether the version behind the alias is to be loaded now. An alias that was taken away changes nothing."""
    if version is None or version == served:
        return False
    return refusal is None or refusal.version != version or now >= refusal.retry_at


def warm_up(classifier: Classifier) -> None:
    """One blank picture through the model, so that the first frame does not pay for it. Raises ModelError."""
    infer_blank(classifier)

"""The model watcher: loads what the registry calls production beside the old version, then swaps."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from pipelines.errors import VigiaError
from pipelines.inference import Classifier
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from pipelines.lookup.finding import PRODUCTION
from stream.messages import Role
from stream.models.changes import RecordEvent, record_change
from stream.models.held import HeldVersions
from stream.models.loader import Loader
from stream.models.oddities import Oddities
from stream.models.versions import Loaded, Refusal, Versions, describe_versions, forget_refusal, should_load
from stream.monitoring.contacts import Contact
from stream.store import ModelEventKind
from stream.worker.batches import Serving

POLL_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
PREVIOUS: Final = "previous"
SPARE_SECONDS: Final = 60.0
"""So long the version before stays loaded: whoever moves the alias back has it at once."""
PATIENCE_SECONDS: Final = 30.0
"""For the versions that still load when others could serve."""

ALIASES: Final[Mapping[Role, str]] = {"production": PRODUCTION, "shadow": "challenger"}
"""What the versions that answer in a role are called in the registry."""

log = logging.getLogger(__name__)


class LiveLookup(Protocol):
    """What the watcher asks the registry; `pipelines.lookup.facts.Lookup` can more."""

    def classifiers(self) -> tuple[str, ...]: ...

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None: ...

    def run(self, run_id: str) -> RunFacts | None: ...


class ModelWatcher:
    """Polls the alias of its role for every classifier; each is replaced on a thread of its own."""

    def __init__(
        self,
        open_lookup: Callable[[], LiveLookup],
        loader: Loader,
        record: RecordEvent,
        *,
        worker: str,
        only: tuple[str, ...] = (),
        spare_seconds: float = SPARE_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        role: Role = "production",
    ) -> None:
        self._open_lookup = open_lookup
        self._lookup: LiveLookup | None = None
        self._loader = loader
        self._record = record
        self._worker = worker
        self._only = only
        self._spare_seconds = spare_seconds
        self._clock = clock
        """For the events alone: another machine's clock may say anything."""
        self._role = role
        self._held = HeldVersions()
        self._replacing: dict[str, threading.Thread] = {}
        self.registry_contact = Contact("not asked yet")
        """Whether the registry answers, and since when it does not."""
        self._oddities = Oddities()
        self._polled_at: float | None = None
        self._recalled = False
        self._lock = threading.Lock()
        self._ready = threading.Event()

    @property
    def serving(self) -> Serving:
        """Read once for each batch: it may be another mapping the next moment."""
        return self._held.serving

    @property
    def refusals(self) -> dict[str, Refusal]:
        """Versions that are production by the registry and could not be loaded, by classifier."""
        return self._held.refusals

    def loaded(self, classifier: str) -> Versions:
        """What is in memory of it now."""
        return self._held.of(classifier)

    def load_spare(self, classifier: str) -> bool:
        """Begin to load the previous version beside the one that serves; False when there is none to load."""
        served = self.loaded(classifier).served
        try:
            previous = self._lookup.holder(classifier, PREVIOUS) if self._lookup else None
        except Exception:  # noqa: BLE001  as in `poll`
            return False
        if previous is None or served is None or previous.sha256 == served.version.sha256:
            return False
        if self.loaded(classifier).spare is None:
            self._begin(classifier, lambda: self._load_spare(previous))
        return True

    def still_wanted(self, wanted: RegisteredVersion) -> bool:
        """Asked now: loading takes seconds, and a version that lost the alias meanwhile must not answer any more."""
        try:
            holder = self._lookup.holder(wanted.classifier, ALIASES[self._role]) if self._lookup else None
        except Exception:  # noqa: BLE001  as in `poll`: it was production a moment ago
            return True
        return holder is not None and holder.version == wanted.version

    def start(self) -> None:
        threading.Thread(target=self._run, name="model watcher", daemon=True).start()

    def wait_until_serving(self, timeout_seconds: float) -> bool:
        """True once every production version that there was at start is loaded or refused, and one is served.

        A frame that is read earlier would lack the models that still load. One that loads for very long is not waited
        for.
        """
        return self._ready.wait(timeout_seconds)

    def describe(self) -> dict[str, Any]:
        """For the heartbeat: each classifier's version, and what is wrong with the one that should serve."""
        now = time.monotonic()
        return {
            name: describe_versions(versions, now, orphan=self._oddities.is_orphan(name))
            for name, versions in self._held.all().items()
        }

    def poll(self) -> None:
        """Look at every alias once and begin to replace what is new. A registry that is away changes nothing."""
        try:
            # opened here and not at start: a registry that comes up later than the worker is waited for
            lookup = self._lookup = self._lookup or self._open_lookup()
            names = self._oddities.legal(lookup.classifiers())
            names = [name for name in names if not self._only or name in self._only]
            holders = {name: lookup.holder(name, ALIASES[self._role]) for name in names}
        except Exception as error:  # noqa: BLE001  clients of the registry leak errors of many kinds; serving goes on
            self._say_registry_is_away(error)
            self._recall()
            return
        if self.registry_contact.away:
            log.info("the registry answers again")
        self.registry_contact.heard()
        self._recalled = True  # whatever was served before, the registry now says what is production
        for name in [*holders, *(set(self._held.all()) - set(holders))]:
            try:
                self._follow(name, holders.get(name))
            except Exception:  # what fails for one classifier must not keep the others from their versions
                log.exception("the model watcher failed on %s and goes on", name)
        self._polled_at = self._polled_at or time.monotonic()
        self._say_whether_ready()
        self._held.free_spares(self._spare_seconds, self._is_replacing)

    def settle(self) -> None:
        """Wait until nothing is being replaced."""
        for thread in list(self._replacing.values()):
            thread.join()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.poll()
            except (
                Exception
            ):  # a watcher that ended by itself would be missed by nobody: no version would come any more
                log.exception("the model watcher failed and goes on")
            pause.wait(POLL_SECONDS)

    def _follow(self, name: str, holder: RegisteredVersion | None) -> None:
        if self._is_replacing(name):
            return  # looked at again when it is done
        versions = forget_refusal(self._held.of(name), holder)
        if name in self._held.all():
            self._held.keep(name, versions)
        served = versions.served
        if self._role == "production":
            self._oddities.look(name, holds=holder is not None, served=served.version.version if served else None)
        elif holder is None:
            self._held.let_go(name)  # a challenger that is none any more answers no more
        if holder and served and served.version.sha256 == holder.sha256:
            # it holds the alias, whoever said so last, and nothing else is to be loaded
            self._held.keep(name, replace(versions, served=replace(served, from_copy=False), refusal=None))
            return
        if holder is None or not should_load(holder, versions, time.monotonic()):
            return
        if versions.spare and versions.spare.version.sha256 == holder.sha256:
            self._swap(holder, versions.spare.classifier, "it was still loaded")
            return
        self._begin(name, lambda: self._replace(holder))

    def _begin(self, name: str, load: Callable[[], None]) -> None:
        """On a thread of its own, unless something of this classifier is loading already."""
        with self._lock:
            if not self._is_replacing(name):
                self._replacing[name] = threading.Thread(target=load, name=f"loading {name}", daemon=True)
                self._replacing[name].start()

    def _is_replacing(self, name: str) -> bool:
        thread = self._replacing.get(name)
        return thread is not None and thread.is_alive()

    def _replace(self, wanted: RegisteredVersion) -> None:
        try:
            self._load(wanted)
        finally:
            self._say_whether_ready(done=wanted.classifier)

    def _load(self, wanted: RegisteredVersion) -> None:
        started = time.monotonic()
        try:
            self._held.drop_spare(wanted.classifier)
            classifier = self._loader.load(wanted)
        except Exception as error:  # noqa: BLE001  whatever a broken model raises, the old one goes on serving
            self._refuse(wanted, error)
            return
        if self.still_wanted(wanted):
            self._swap(wanted, classifier, f"loaded in {time.monotonic() - started:.2f} s")
        else:
            versions = self._held.of(wanted.classifier)
            self._held.keep(wanted.classifier, replace(versions, spare=Loaded(wanted, classifier, time.monotonic())))

    def _load_spare(self, previous: RegisteredVersion) -> None:
        name = previous.classifier
        try:
            spare = Loaded(previous, self._loader.load(previous), time.monotonic())
        except Exception as error:  # noqa: BLE001  as in `_load`
            log.warning("%s version %d cannot be loaded to be asked: %s", name, previous.version, error)
            return
        self._held.keep(name, replace(self.loaded(name), spare=spare))

    def _swap(self, wanted: RegisteredVersion, classifier: Classifier, detail: str, *, from_copy: bool = False) -> None:
        name, now = wanted.classifier, time.monotonic()
        served = self._held.of(name).served
        spare = replace(served, since=now) if served else None
        self._held.keep(name, Versions(Loaded(wanted, classifier, now, from_copy), spare))
        log.info("%s version %d serves now: %s", name, wanted.version, detail)
        self._tell(wanted, served, "swapped" if served else "loaded", detail)
        try:
            self._loader.copies.note(wanted)
            kept = {wanted.version} | ({served.version.version} if served else set())
            self._loader.copies.forget_all_but(name, frozenset(kept))
        except OSError as error:
            log.warning("the copies of %s are not tidied up: %s", name, error)

    def _recall(self) -> None:
        """The registry is away at start: what was served last serves on, marked as such."""
        if self._recalled or self._role != "production":
            return  # without the registry nobody says that a challenger still is one
        self._recalled = True
        for version in self._loader.copies.served_last():
            if self._only and version.classifier not in self._only:
                continue  # from when this slot answered for others too
            try:
                classifier = self._loader.recall(version)
            except Exception as error:  # noqa: BLE001  a damaged copy is no worse than none
                log.warning("%s version %d is not served from its copy: %s", version.classifier, version.version, error)
                continue
            self._swap(version, classifier, "from the copy of last time: the registry does not answer", from_copy=True)
        self._polled_at = time.monotonic()
        self._say_whether_ready()

    def _say_whether_ready(self, *, done: str | None = None) -> None:
        polled_at = self._polled_at
        if polled_at is None or not self.serving:
            return
        loading = [name for name in list(self._replacing) if name != done and self._is_replacing(name)]
        if not loading or time.monotonic() - polled_at > PATIENCE_SECONDS:
            self._ready.set()

    def _refuse(self, wanted: RegisteredVersion, error: Exception) -> None:
        name, number = wanted.classifier, wanted.version
        versions = self._held.of(name)
        before = versions.refusal
        again = before is not None and before.version == number
        failures = before.failures + 1 if before and again else 1
        pause = min(2.0**failures, LONGEST_PAUSE_SECONDS)
        words = str(error) if isinstance(error, VigiaError) else f"{type(error).__name__}: {error}"
        self._held.keep(name, replace(versions, refusal=Refusal(number, failures, time.monotonic() + pause, words)))
        log.error("%s version %d refused, next try in %.0f s: %s", name, number, pause, words)
        if not again:
            self._tell(wanted, versions.served, "refused", words)

    def _tell(self, wanted: RegisteredVersion, served: Loaded | None, event: ModelEventKind, detail: str) -> None:
        record_change(self._record, self._worker, wanted, served, event, detail, at=self._clock(), role=self._role)

    def _say_registry_is_away(self, error: Exception) -> None:
        if not self.registry_contact.away:
            log.warning("the registry does not answer; what is loaded goes on serving: %s", error)
        self.registry_contact.lost(f"{type(error).__name__}: {error}")

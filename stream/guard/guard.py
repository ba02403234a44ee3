"""The guard of one worker: hears every batch, looks once a second, and acts on what its rules find.

It decides nothing itself: the rules say what is suspicious, the version before says whether the scene explains it, and
the store says which worker acts.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from pipelines.errors import RegistryError, StoreError
from pipelines.guard_params import LOOK_SECONDS, GuardParams
from stream.guard.alarms import step
from stream.guard.rolling_back import RollBack, RollbackOrder
from stream.guard.rules import Figure, Rule, Verdict, judge, measure
from stream.guard.watched import Watched, describe_watched, load_known, sum_up
from stream.guard.watches import Watches
from stream.guard.witness import Listener, ask_both
from stream.models.versions import Loaded
from stream.models.watcher import ModelWatcher
from stream.store import ModelEvent, ModelEventKind
from stream.worker.batches import BatchOutcome

PICTURES: Final = 48
"""Asked of both versions."""
PICTURES_AT_ONCE: Final = 4
"""Between two batches: live frames wait that long."""
ASK_SECONDS: Final = 30.0
ASK_AGAIN_SECONDS: Final = 30.0
TRY_AGAIN_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class Guard:
    """`observe` is called by the thread that infers, `describe` by any; everything else runs on a thread of its own."""

    def __init__(
        self,
        watches: Watches,
        watcher: ModelWatcher,
        *,
        limits: Callable[[str], GuardParams],
        roll_back: RollBack,
        worker: str,
        between_batches: Callable[[Callable[[], Any]], Future[Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watches = watches
        self._watcher = watcher
        self._limits = limits
        self._roll_back = roll_back
        self._worker = worker
        self._between_batches = between_batches
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[str, Watched] = {}

    def start(self) -> None:
        threading.Thread(target=self._run, name="guard", daemon=True).start()

    def observe(self, outcome: BatchOutcome) -> None:
        """Count a batch that is stored; costs microseconds."""
        now = self._clock()
        cameras = {answer.position: answer.camera_id for answer in outcome.predictions}
        failed = {place for each in outcome.asked for place in each.failed}
        with self._lock:
            for (classifier, version), answered in sum_up(outcome).items():
                watched = self._watch(classifier, version)
                watched.window.add(now, answered)
                for place, jpeg in outcome.pictures.items():
                    if place in failed:
                        watched.window.keep_failed(now, jpeg)
                    elif place in cameras:
                        watched.window.keep(now, cameras[place], jpeg)

    def describe(self) -> dict[str, Any]:
        """For the heartbeat and the metrics, by classifier."""
        now = self._clock()
        with self._lock:
            return {name: describe_watched(watched, self._limits(name), now) for name, watched in self._watched.items()}

    def look(self) -> None:
        """Once at every classifier."""
        for name in list(self._watched):
            limits = self._limits(name)
            if limits.mode == "off":
                continue
            watched = self._watched[name]
            loaded = self._watcher.loaded(name)
            if loaded.served is None or loaded.served.version.version != watched.version or watched.ended:
                continue  # between a swap and its first batch
            try:
                self._open(name, watched, loaded.served, loaded.spare)
                self._look_at(name, watched, loaded.served, loaded.spare, limits)
            except StoreError as error:
                log.warning("the guard of %s waits for the store: %s", name, error)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:  # a guard that ended by itself would be missed by nobody
                log.exception("the guard failed and goes on")

    def _watch(self, classifier: str, version: int) -> Watched:
        found = self._watched.get(classifier)
        if found is None or found.version != version:
            before = found and (found.window.live().milliseconds or found.milliseconds_before)
            found = self._watched[classifier] = Watched(version, before)
        return found

    def _open(self, name: str, watched: Watched, served: Loaded, spare: Loaded | None) -> None:
        if watched.watch is not None:
            return
        before = spare.version.version if spare else None
        watch = self._watches.open(name, watched.version, before)
        folder = self._watcher.copy_of(served.version)
        watched.known, _ = load_known(folder, served.classifier.class_names, watched.milliseconds_before)
        watched.watch, watched.opened_at = watch, self._clock() - watch.age_seconds

    def _look_at(self, name: str, watched: Watched, served: Loaded, spare: Loaded | None, limits: GuardParams) -> None:
        now = self._clock()
        with self._lock:
            watched.window.forget(now, limits.window_seconds)
            live = watched.window.live()
        assert watched.known is not None  # `_open` has loaded it  # noqa: S101
        figures = measure(live, watched.known, limits)
        if figures:
            watched.figures = figures
        watched.alarms = step(watched.alarms, figures, limits.looks)
        for figure in figures:
            if not watched.alarms[figure.rule].raised:
                watched.words.pop(figure.rule, None)
                watched.asked_at.pop(figure.rule, None)
            elif now - watched.asked_at.get(figure.rule, -ASK_AGAIN_SECONDS) >= ASK_AGAIN_SECONDS:
                watched.asked_at[figure.rule] = now
                self._answer_alarm(name, watched, served, spare, figure, limits)
                if watched.ended:
                    return

    def _answer_alarm(
        self,
        name: str,
        watched: Watched,
        served: Loaded,
        spare: Loaded | None,
        figure: Figure,
        limits: GuardParams,
    ) -> None:
        """Within the probation the version before is asked; later on, or without one, it is a warning at most."""
        if watched.probation_left(limits, self._clock()) <= 0:
            self._warn(name, watched, figure, "it serves since long: the scene may have changed")
        elif spare is None:
            self._warn(name, watched, figure, "no version before is loaded that could be asked")
        else:
            verdict = self._ask(watched, served, spare, figure.rule, limits)
            watched.words[figure.rule] = verdict.words
            log.info("%s version %d: %s; %s", name, watched.version, figure.words, verdict.words)
            if not verdict.fault:
                return
            if limits.mode == "warn":
                self._warn(name, watched, figure, f"{verdict.words}; params.yaml says to warn only")
            elif served.version.failed_live:
                self._warn(name, watched, figure, f"{verdict.words}; somebody let it serve again")
            else:
                self._take_back(name, watched, figure, verdict, spare.version.version)

    def _ask(self, watched: Watched, served: Loaded, spare: Loaded, rule: Rule, limits: GuardParams) -> Verdict:
        folder = self._watcher.copy_of(spare.version)
        _, tells = load_known(folder, spare.classifier.class_names, None)
        listeners = Listener(served.classifier), Listener(spare.classifier, tells)
        with self._lock:
            jpegs = watched.window.pictures(PICTURES, failed=rule == "errors")
        for start in range(0, len(jpegs), PICTURES_AT_ONCE):
            some = jpegs[start : start + PICTURES_AT_ONCE]
            self._between_batches(lambda some=some: ask_both(*listeners, some)).result(ASK_SECONDS)
        return judge(rule, listeners[0].said(), listeners[1].said(), limits)

    def _take_back(self, name: str, watched: Watched, figure: Figure, verdict: Verdict, to: int) -> None:
        assert watched.watch is not None  # noqa: S101
        claim = self._watches.claim(watched.watch, "rollback")
        if claim is None:
            watched.words[figure.rule] = f"{verdict.words}; another worker acts"
            return
        why = f"{figure.words}; {verdict.words}"
        try:
            answer = self._roll_back(RollbackOrder(name, watched.version, to, why, self._worker))
        except RegistryError as error:
            log.error("%s", error)
            self._watches.release(claim)
            watched.asked_at[figure.rule] -= ASK_AGAIN_SECONDS - TRY_AGAIN_SECONDS
            return
        event: ModelEvent | None = None
        if answer.outcome == "rolled_back":
            event = self._event(name, watched.version, answer.production, "rolled_back", why)
        elif answer.outcome == "no_previous":
            event = self._event(name, None, watched.version, "warned", f"{why}; {answer.words}")
        watched.ended = answer.outcome != "no_previous"
        watched.words[figure.rule] = f"{why}; {answer.words}"
        if self._watches.finish(claim, answer.outcome, f"{why}; {answer.words}", self._figures(watched), event):
            log.error("%s version %d: %s: %s; %s", name, watched.version, answer.outcome, why, answer.words)

    def _warn(self, name: str, watched: Watched, figure: Figure, why: str) -> None:
        assert watched.watch is not None  # noqa: S101
        watched.words[figure.rule] = why
        claim = self._watches.claim(watched.watch, figure.rule)
        if claim is None:
            return
        words = f"{figure.words}; {why}"
        event = self._event(name, None, watched.version, "warned", words)
        if self._watches.finish(claim, "warned", words, self._figures(watched), event):
            log.warning("%s version %d: %s", name, watched.version, words)

    def _event(self, name: str, before: int | None, after: int | None, kind: ModelEventKind, words: str) -> ModelEvent:
        return ModelEvent(datetime.now(UTC), self._worker, name, before, after or 0, kind, words[:1000])

    def _figures(self, watched: Watched) -> list[dict[str, Any]]:
        return [asdict(figure) for figure in watched.figures]

"""The guard of one worker: hears every batch, looks once a second, and acts on what its rules find.

It decides nothing itself: the rules say what is suspicious, the version before says whether the scene explains it, and
the store says which worker acts.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pipelines.errors import MessageError, StoreError
from pipelines.guard_params import LOOK_SECONDS, GuardParams
from stream.decoding import decode_frame
from stream.guard.acting import Actor
from stream.guard.alarms import step
from stream.guard.inquiry import Inquiry
from stream.guard.rules import Figure, Rule, Verdict, measure
from stream.guard.watched import Opened, Watched, describe_watched, sum_up
from stream.guard.watches import Plan
from stream.guard.window import Answered, Window
from stream.messages import Message, Position
from stream.models.versions import Loaded
from stream.models.watcher import ModelWatcher
from stream.worker.inferring import BrokenModelError
from stream.worker.outcomes import BatchOutcome

PICTURES: Final = 64
"""Asked of both versions."""
ASK_AGAIN_SECONDS: Final = 30.0
"""After the scene explained an alarm, then twice as long each time: who asks often is told something by chance once."""
TRY_AGAIN_SECONDS: Final = 3.0
BEGUN_SECONDS: Final = 30.0
"""Between two looks for a rollback that somebody began and nobody ended."""
MOST_WAITS: Final = 10
"""For the version before to be loaded, so many tries."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """A version that is looked at, with what is in memory and what it may do."""

    name: str
    """Of the classifier."""
    watched: Watched
    opened: Opened
    served: Loaded
    spare: Loaded | None
    limits: GuardParams


class Guard:
    """`observe` is called by the thread that stores, `condemn` by the one that infers, `describe` by any.

    Everything else runs on a thread of its own.
    """

    def __init__(
        self,
        actor: Actor,
        watcher: ModelWatcher,
        inquiry: Inquiry,
        *,
        limits: Callable[[str], GuardParams],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actor = actor
        self._watcher = watcher
        self._inquiry = inquiry
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[str, Watched] = {}
        self._begun_at = clock() + BEGUN_SECONDS
        self._begun_pause = TRY_AGAIN_SECONDS
        """Grows while the registry is away: each try is a process that loads MLflow's client."""

    def start(self) -> None:
        threading.Thread(target=self._run, name="guard", daemon=True).start()

    def observe(self, outcome: BatchOutcome) -> None:
        """Count a batch that is stored; costs microseconds."""
        now = self._clock()
        parts = sum_up(outcome)
        with self._lock:
            for (classifier, version), part in parts.items():
                limits = self._limits(classifier)
                if limits.mode == "off":
                    self._watched.pop(classifier, None)
                    continue
                watched = self._watch(classifier, version)
                watched.window.forget(now, limits.window_seconds)
                watched.window.add(now, part)
                if watched.may_be_asked(limits, now):
                    keep_pictures(watched.window, now, part, outcome.pictures)

    def condemn(self, error: BrokenModelError, messages: Sequence[Message]) -> None:
        """A version answers nothing any more and this worker ends for it: the last word, on the thread that infers."""
        name, loaded = error.classifier, self._watcher.loaded(error.classifier)
        limits = self._limits(name)
        if limits.mode == "off" or loaded.served is None or loaded.served.version.version != error.version:
            return
        if not self._watcher.still_wanted(loaded.served.version):
            return  # the worker starts again with the version that holds the alias now
        with self._lock:
            watched = self._watch(name, error.version)
        spare = self._inquiry.wait_for_spare(name)
        try:
            case = self._open(name, watched, loaded.served, spare)
            if case is None:
                return
            figure = Figure("errors", 1.0, limits.max_error_share, str(error))
            if spare is None or watched.probation_left(limits, self._clock()) <= 0:
                self._warn(case, figure, "there is no version before that could be asked, or it serves since long")
                return
            with self._lock:
                failed = watched.window.pictures(PICTURES, failed=True)
            jpegs = [*failed, *read_pictures(messages)]
            verdict = self._inquiry.ask_about_broken(jpegs, loaded.served, spare)
            if verdict.fault:
                self._act(case, spare, figure, verdict)
        except StoreError as away:
            log.warning("the guard of %s cannot act: %s", name, away)

    def describe(self) -> dict[str, Any]:
        """For the heartbeat and the metrics, by classifier; nothing of a version that serves no more."""
        now = self._clock()
        with self._lock:
            return {
                name: describe_watched(watched, self._limits(name), now)
                for name, watched in self._watched.items()
                if (served := self._watcher.loaded(name).served) and served.version.version == watched.version
            }

    def look(self) -> None:
        """Once at every classifier."""
        self._finish_begun()
        for name, watched in list(self._watched.items()):
            loaded = self._watcher.loaded(name)
            if loaded.served is None or loaded.served.version.version != watched.version:
                continue  # between a swap and its first batch
            try:
                if case := self._open(name, watched, loaded.served, loaded.spare):
                    self._look_at(case)
            except StoreError as error:
                log.warning("the guard of %s waits for the store: %s", name, error)
            except Exception:  # one that fails at every look would keep the others from theirs
                log.exception("the guard of %s failed and goes on", name)

    def _finish_begun(self) -> None:
        now = self._clock()
        if now < self._begun_at:
            return
        self._begun_at = now + BEGUN_SECONDS
        try:
            if self._actor.finish_begun(lambda name: self._limits(name).mode == "rollback"):
                self._begun_pause = TRY_AGAIN_SECONDS
            else:
                self._begun_pause = min(self._begun_pause * 2, BEGUN_SECONDS)
                self._begun_at = self._clock() + self._begun_pause
        except StoreError as error:
            log.warning("the guard waits for the store: %s", error)

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
            before = (found.window.live().milliseconds or found.milliseconds_before) if found else None
            found = self._watched[classifier] = Watched(version, before)
        return found

    def _open(self, name: str, watched: Watched, served: Loaded, spare: Loaded | None) -> Case | None:
        """None: not watched. One that lost the alias, and serves until the next is loaded, did not go live now."""
        if watched.opened is None:
            if not self._watcher.still_wanted(served.version):
                return None
            watch = self._actor.open(name, watched.version, spare.version.version if spare else None)
            known = self._inquiry.look_up(served, watched.milliseconds_before)
            watched.opened = Opened(watch, self._clock() - watch.age_seconds, known)
        return Case(name, watched, watched.opened, served, spare, self._limits(name))

    def _look_at(self, case: Case) -> None:
        now, watched, limits = self._clock(), case.watched, case.limits
        with self._lock:
            watched.window.forget(now, limits.window_seconds)
            live = watched.window.live()
        figures = measure(live, case.opened.known, limits)
        if figures:
            watched.figures = figures
        watched.alarms = step(watched.alarms, figures, limits.looks)
        for figure in figures:
            if not watched.alarms[figure.rule].raised:
                watched.forget_alarm(figure.rule)
            elif now >= watched.due_at.get(figure.rule, now):
                pause = watched.pauses.get(figure.rule, ASK_AGAIN_SECONDS)
                watched.due_at[figure.rule], watched.pauses[figure.rule] = now + pause, pause * 2
                self._answer_alarm(case, figure)

    def _answer_alarm(self, case: Case, figure: Figure) -> None:
        """Within the probation the version before is asked; later on, or without one, it is a warning at most."""
        watched, rule = case.watched, figure.rule
        if not self._watcher.still_wanted(case.served.version):
            watched.words[rule] = "it lost the alias and is about to be replaced"
        elif watched.probation_left(case.limits, self._clock()) <= 0:
            if rule not in watched.explained:
                self._warn(case, figure, "it serves since long: the scene may have changed")
        elif case.spare is not None:
            watched.waits = 0
            verdict = self._ask(case, case.spare, rule)
            watched.words[rule] = verdict.words
            log.info("%s version %d: %s; %s", case.name, watched.version, figure.words, verdict.words)
            if verdict.fault:
                self._act(case, case.spare, figure, verdict)
            else:
                watched.explained.add(rule)
        elif watched.waits < MOST_WAITS and self._watcher.load_spare(case.name):
            watched.waits += 1
            watched.words[rule] = "the version before is being loaded, to be asked"
            watched.due_at[rule] = self._clock() + TRY_AGAIN_SECONDS
        else:
            self._warn(case, figure, "there is no version before that could be asked")

    def _ask(self, case: Case, spare: Loaded, rule: Rule) -> Verdict:
        with self._lock:
            jpegs = case.watched.window.pictures(PICTURES, failed=rule == "errors")
        return self._inquiry.ask(rule, jpegs, case.served, case.opened.known, spare, case.limits)

    def _act(self, case: Case, spare: Loaded, figure: Figure, verdict: Verdict) -> None:
        if case.limits.mode == "warn":
            self._warn(case, figure, f"{verdict.words}; params.yaml says to warn only")
            return
        if case.served.version.failed_live:
            self._warn(case, figure, f"{verdict.words}; it was rolled back before, and somebody let it serve again")
            return
        why = f"{figure.words}; {verdict.words}"
        plan = Plan(why, case.watched.figures or (figure,), spare.version.version)
        done = self._actor.take_back(case.opened.watch, plan)
        if done is None:
            # by its plan, without asking again, also when another version serves here by then
            self._begun_at = self._clock() + TRY_AGAIN_SECONDS
        told = done or "the registry does not answer, it is tried again"
        case.watched.words[figure.rule] = f"{verdict.words}; {told}"

    def _warn(self, case: Case, figure: Figure, why: str) -> None:
        case.watched.words[figure.rule] = why
        plan = Plan(f"{figure.words}; {why}", case.watched.figures or (figure,))
        self._actor.warn(case.opened.watch, figure.rule, plan)


def keep_pictures(window: Window, now: float, part: Answered, pictures: Mapping[Position, bytes]) -> None:
    """Some of those that were answered, and of those that were not."""
    for place, camera_id in part.answered:
        window.keep(now, camera_id, pictures[place])
    for place in part.failed:
        window.keep_failed(now, pictures[place])


def read_pictures(messages: Sequence[Message]) -> list[bytes]:
    """Encoded pictures of those that are frames."""
    found = []
    for message in messages:
        with suppress(MessageError):
            found.append(decode_frame(message).jpeg)
    return found

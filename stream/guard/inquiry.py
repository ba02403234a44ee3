"""The inquiry after an alarm: the version before is asked about the same frames."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from pipelines.guard_params import GuardParams
from pipelines.lookup.facts import RegisteredVersion
from stream.guard.rules import Known, Rule, Verdict, judge, judge_broken
from stream.guard.watched import load_known
from stream.guard.witness import Listener, ask_both
from stream.models.copies import Copies
from stream.models.versions import Loaded
from stream.models.watcher import ModelWatcher

PICTURES_AT_ONCE: Final = 4
"""Between two batches: live frames wait that long."""
ASK_SECONDS: Final = 30.0
SPARE_WAIT_SECONDS: Final = 20.0

BetweenBatches = Callable[[Callable[[], Any]], Future[Any]]
"""Runs something on the thread that infers."""


class Inquiry:
    """Over what is in memory of each classifier."""

    def __init__(
        self,
        watcher: ModelWatcher,
        copies: Copies,
        between_batches: BetweenBatches,
        measured: Callable[[RegisteredVersion], Mapping[str, float]] = lambda version: {},
    ) -> None:
        self._watcher = watcher
        self._copies = copies
        self._between_batches = between_batches
        self._measured = measured

    def look_up(self, loaded: Loaded, milliseconds: float | None = None) -> Known:
        """What the version is known for; `milliseconds` of another count before those of its export."""
        folder, names = self._copies.place(loaded.version), loaded.classifier.class_names
        return load_known(folder, names, self._measured(loaded.version), milliseconds)

    def ask(
        self, rule: Rule, jpegs: Sequence[bytes], served: Loaded, known: Known, spare: Loaded, limits: GuardParams
    ) -> Verdict:
        """Whose fault the alarm is. Not to be called on the thread that infers."""
        listeners = Listener(served.classifier), Listener(spare.classifier)
        for start in range(0, len(jpegs), PICTURES_AT_ONCE):
            some = jpegs[start : start + PICTURES_AT_ONCE]
            self._between_batches(partial(ask_both, *listeners, some)).result(ASK_SECONDS)
        said, witness = (listener.said() for listener in listeners)
        return judge(rule, said, witness, known, self.look_up(spare), limits)

    def ask_about_broken(self, jpegs: Sequence[bytes], served: Loaded, spare: Loaded) -> Verdict:
        """The same of a version that answers nothing any more, on the thread that infers."""
        listeners = Listener(served.classifier), Listener(spare.classifier)
        ask_both(*listeners, jpegs)
        return judge_broken(listeners[0].said(), listeners[1].said())

    def wait_for_spare(self, classifier: str) -> Loaded | None:
        """The version before, loaded for it if need be."""
        pause, ends_at = threading.Event(), time.monotonic() + SPARE_WAIT_SECONDS
        while (spare := self._watcher.loaded(classifier).spare) is None:
            if time.monotonic() > ends_at or not self._watcher.load_spare(classifier):
                return None
            pause.wait(0.2)
        return spare

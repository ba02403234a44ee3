"""The inquiry after an alarm: the version before is asked about the same frames."""

import math
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pipelines.errors import VigiaError
from pipelines.guard_params import GuardParams
from pipelines.images import Image
from pipelines.inference import Classifier
from pipelines.lookup.facts import RegisteredVersion
from pipelines.preprocessing import find_side
from pipelines.scaled_images import decode_for_all
from stream.guard.rules import Known, Rule, Said, Verdict, judge, judge_broken
from stream.guard.watched import load_known
from stream.models.copies import Copies
from stream.models.versions import Loaded
from stream.models.watcher import ModelWatcher
from stream.worker.inferring import infer_checked

PIECE_SECONDS: Final = 0.05
"""Between two batches: live frames wait that long, or for one picture where that takes longer."""
ASK_SECONDS: Final = 30.0
SPARE_WAIT_SECONDS: Final = 20.0

BetweenBatches = Callable[[Callable[[], Any]], Future[Any]]
"""Runs something on the thread that infers."""


@dataclass(slots=True)
class Listener:
    """What one version says, frame by frame: a frame that fails does not hide the others."""

    classifier: Classifier
    unknown: int = 0
    answers: list[str | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def ask(self, image: Image) -> None:
        began = time.perf_counter()
        try:
            inference = infer_checked(self.classifier, [image])
        except Exception:  # noqa: BLE001  an engine may raise anything; that it does is what is asked for
            self.answers.append(None)
            return
        self.seconds.append(time.perf_counter() - began)
        self.answers.append(self.classifier.class_names[int(inference.probabilities[0].argmax())])
        self.unknown += not bool(inference.known[0])

    def said(self) -> Said:
        labels = Counter(answer for answer in self.answers if answer is not None)
        return Said(
            pictures=len(self.answers),
            failed=self.answers.count(None),
            unknown=self.unknown,
            labels=dict(labels),
            milliseconds=statistics.median(self.seconds) * 1000 if self.seconds else None,
            answers=tuple(self.answers),
        )


def ask_both(served: Listener, witness: Listener, jpegs: Sequence[bytes], seconds: float = math.inf) -> int:
    """Alternately, so that whatever slows the machine slows both; no further picture after so many seconds.

    How many were looked at, one at least.
    """
    ends_at = time.perf_counter() + seconds
    sides = [find_side(listener.classifier) for listener in (served, witness)]
    for count, jpeg in enumerate(jpegs, 1):
        with suppress(VigiaError):  # it was decoded once; a broken copy says nothing
            images = decode_for_all(jpeg, sides)
            served.ask(images[sides[0]])
            witness.ask(images[sides[1]])
        if time.perf_counter() >= ends_at:
            return count
    return len(jpegs)


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
        while jpegs:
            piece = self._between_batches(partial(ask_both, *listeners, jpegs, PIECE_SECONDS))
            jpegs = jpegs[piece.result(ASK_SECONDS) :]
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

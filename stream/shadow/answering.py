"""A turn's sampled frames become rows of challengers. Nothing here knows Kafka, and nothing is a dead letter."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pipelines.errors import ModelError
from pipelines.inference import Classifier
from stream.ledger import FrameRead, Outcome
from stream.messages import Message, Position, Prediction
from stream.shadow.sampling import choose_classifiers, read_frame_id
from stream.worker.batches import BatchReader, Routes, Serving

CHUNK: Final = 8
"""Frames that are asked at once; between two chunks a shadow looks whether it still has time."""

ALONE: Final = 2
"""The first frames of a turn are asked one by one, as production mostly asks: only so their times can be compared."""

Item = TypeVar("Item")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of the frames that were read in a turn."""

    predictions: tuple[Prediction, ...]
    reads: tuple[FrameRead, ...]
    """Stored with a row; dropped where it was sampled and not answered; else skipped."""


@dataclass(slots=True)
class Answering:
    """Asks the challengers; remembers how each of them fails."""

    worker: str
    failing: dict[str, str] = field(default_factory=dict)
    """Classifier to what its challenger said when it could not answer last."""
    _readers: dict[str, BatchReader] = field(default_factory=dict)

    def answer(
        self,
        messages: Sequence[Message],
        serving: Serving,
        shares: Mapping[str, float],
        routes: Routes,
        no_time: Callable[[Message], bool],
    ) -> Turn:
        """`no_time` says of a frame, at the last moment, that it can only be dropped."""
        outcomes: dict[Position, Outcome] = {message.position: "skipped" for message in messages}
        predictions: list[Prediction] = []
        sampled = [(each, choose_classifiers(read_frame_id(each), shares)) for each in messages]
        wanted = [(message, names) for message, names in sampled if names]
        for chunk in cut(wanted):
            answers, passed = self._answer_some([each for each in chunk if not no_time(each[0])], serving, routes)
            predictions.extend(answers)
            outcomes.update(
                (message.position, "skipped" if passed[message.position] == len(names) else "dropped")
                for message, names in chunk
            )
            outcomes.update((answer.position, "stored") for answer in answers)
        return Turn(tuple(predictions), tuple(FrameRead(place, outcome) for place, outcome in outcomes.items()))

    def _answer_some(
        self, asked: Sequence[tuple[Message, Sequence[str]]], serving: Serving, routes: Routes
    ) -> tuple[list[Prediction], Counter[Position]]:
        """Rows, and how many of the challengers each frame was not meant for or is broken for."""
        predictions: list[Prediction] = []
        passed: Counter[Position] = Counter()
        for name, classifier in serving.items():
            answers, left_out = self._ask(name, classifier, [each for each, names in asked if name in names], routes)
            predictions.extend(answers)
            passed.update(left_out)
        return predictions, passed

    def _ask(
        self, name: str, classifier: Classifier, messages: Sequence[Message], routes: Routes
    ) -> tuple[Sequence[Prediction], list[Position]]:
        """Answers, and the positions of frames that ask no challenger or are broken for everybody."""
        if not messages:
            return (), []
        reader = self._readers.setdefault(name, BatchReader(self.worker, (name,), role="shadow"))
        try:
            outcome = reader.read(messages, {name: classifier}, routes)
        except ModelError as error:
            reader.failures_in_a_row = 0  # production does not depend on it: it is asked again
            if self.failing.get(name) is None:
                log.error("the challenger cannot answer, its frames are dropped: %s", error)
            self.failing[name] = f"version {classifier.version} cannot answer: {error}"
            return (), []
        if outcome.predictions:
            self.failing.pop(name, None)
        broken = [letter.position for _, letter in outcome.dead_letters if letter.reason != "inference_failed"]
        return outcome.predictions, [*outcome.skipped, *broken]


def cut(wanted: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Single ones first, then chunks."""
    for start in range(min(ALONE, len(wanted))):
        yield wanted[start : start + 1]
    for start in range(ALONE, len(wanted), CHUNK):
        yield wanted[start : start + CHUNK]

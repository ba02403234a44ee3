"""What one process needs to answer parts of a window: the version, the pictures, the store, spare time."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from pipelines.classifying.opening import open_version
from pipelines.inference import Classifier, load_classifier
from pipelines.settings import Settings
from pipelines.terminal import say
from stream.frames.keeping import FramesPlace
from stream.frames.kept_frames import KeptIndex
from stream.messages import REPLAYER, Prediction
from stream.spare.priority import give_way
from stream.store import PredictionStore, RefusedRowsError
from stream.time_travel.answering import Answering, Storing, Tally, read_ahead
from stream.time_travel.pictures import Found, Pictures, Source
from stream.time_travel.spare_time import SpareTime
from stream.time_travel.topic import FramesTopic
from stream.time_travel.windows import Part, ReplayWindow, load_frames, name_role
from stream.worker.inferring import infer_blank


@dataclass(frozen=True, slots=True)
class Asked:
    """What shall be replayed, and where; a process that is told this needs no environment."""

    settings: Settings
    window: ReplayWindow
    version: int
    source: Source = "auto"
    anew: bool = False
    """Answer again what this version answered before."""
    idle: bool = True
    """With the lowest priority."""

    @property
    def role(self) -> str:
        return name_role(self.version)

    def pinned(self) -> Self:
        """The same with every address as it is now, for processes elsewhere."""
        known = self.settings
        addresses = {
            "home": known.state,
            "database_url": known.resolve_database_url(),
            "mlflow_tracking_uri": known.resolve_tracking_uri(),
            "kafka_bootstrap": known.resolve_kafka_bootstrap(),
        }
        return replace(self, settings=known.model_copy(update=addresses))


class Replayer:
    """A block that answers parts; `open` makes it. For one thread at a time."""

    def __init__(self, asked: Asked, classifier: Classifier) -> None:
        settings = asked.settings
        self._asked = asked
        self._classifier = classifier
        self._bootstrap = settings.resolve_kafka_bootstrap()
        self._store = PredictionStore(settings.resolve_database_url())
        self._blocks = ExitStack()
        self._refused = Tally()

    @classmethod
    def open(cls, asked: Asked) -> Self:
        """Raises RegistryError and ModelError when the version is none that can be loaded."""
        window = asked.window
        opened = open_version(asked.settings, window.classifier, asked.version, say)
        classifier = load_classifier(opened.artefact, window.classifier, opened.version)
        infer_blank(classifier)
        return cls(asked, classifier)

    def __enter__(self) -> Self:
        settings = self._asked.settings
        enter = self._blocks.enter_context
        topic = enter(FramesTopic(self._bootstrap)) if self._bootstrap and self._asked.source != "kept" else None
        frames = FramesPlace(settings.frames_url, settings.frames_endpoint).open(settings.state)
        self._pictures = Pictures(self._asked.source, frames, KeptIndex(self._store), topic)
        self.spare = enter(SpareTime(self._store, self._bootstrap, say))
        return self

    def __exit__(self, *_: object) -> None:
        self._blocks.close()

    def replay(self, parts: Iterable[Part]) -> Iterator[Tally]:
        """On a thread of its own, at the lowest priority; ends with this iterator. What is told is being stored."""
        return read_ahead(self._answer(parts), 4, release=self.spare.release)

    def _answer(self, parts: Iterable[Part]) -> Iterator[Tally]:
        answering = Answering(self._classifier, f"{socket.gethostname()[:80]}{REPLAYER}", self.spare.wait)
        storing = Storing(self._store_rows)  # before this thread steps back: writing does not
        if self._asked.idle:
            give_way()
        before = Tally()
        try:
            for tally, predictions in answering.answer(read_ahead(self._read(parts, before))):
                storing.put(predictions)
                tally.before, before.before = before.before, 0
                yield tally
        finally:
            storing.close()
        refused, self._refused = self._refused, Tally()
        refused.before, refused.answered = before.before, -refused.missing.total()
        yield refused

    def _read(self, parts: Iterable[Part], before: Tally) -> Iterator[Found]:
        role = None if self._asked.anew else self._asked.role
        for part in parts:
            frames = load_frames(self._store, self._asked.window, part, role)
            before.before += part.frames - len(frames)
            yield from self._pictures.read(frames)

    def _store_rows(self, predictions: list[Prediction]) -> None:
        try:
            self._store.store_batch(predictions, ())
        except RefusedRowsError as error:
            kept = [row for row in predictions if (row.position, row.classifier) not in error.refused]
            self._store.store_batch(kept, ())
            for row in predictions:
                if (row.position, row.classifier) in error.refused:
                    self._refused.miss(row, "refused")

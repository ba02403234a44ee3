"""A worker without its event loop, over a watcher of the fakes: its clock and the child's answers are given."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pipelines.errors import RegistryError
from pipelines.guard_params import GuardParams
from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.lookup.facts import RegisteredVersion
from stream.guard.acting import Actor
from stream.guard.guard import Guard
from stream.guard.inquiry import Inquiry
from stream.guard.rolling_back import RollbackAnswer, RollbackOrder
from stream.guard.watches import Watches
from stream.messages import Message, encode_v2
from stream.models.watcher import ModelWatcher
from stream.store import PredictionStore
from stream.tables import model_events
from stream.worker.batches import BatchReader
from tests.stream.fakes import NOON, FakeClassifier, FakeRegistry, draw_jpeg, load_fake, message_of
from tests.stream.models.place import Place, look

VARIED, DARK = (40, 200), (40,)


class OneClass(FakeClassifier):
    """Says `light` of everything."""

    def infer(self, images: Sequence[Image]) -> Inference:
        said = super().infer(images)
        said.probabilities[:] = (0, 1)
        return said


class FailsLive(FakeClassifier):
    """Answers the blank picture of its loading, and nothing ever after."""

    answered = 0

    def infer(self, images: Sequence[Image]) -> Inference:
        self.answered += 1
        if self.answered > 1:
            raise RuntimeError("the engine gave up")
        return super().infer(images)


class SometimesFails(FakeClassifier):
    """Fails on what is dark, as a network does that was never shown it."""

    def infer(self, images: Sequence[Image]) -> Inference:
        if any(10 < image.mean() < 80 for image in images):
            raise RuntimeError("the engine gave up")
        return super().infer(images)


MODELS: dict[int, type[FakeClassifier]] = {1: FakeClassifier, 2: OneClass, 3: FailsLive, 4: FakeClassifier}


def load(folder: Path, classifier: str, version: int) -> FakeClassifier:
    return MODELS[version](load_fake(folder, classifier, version).classifier, version)


class Aliases(FakeRegistry):
    """Version 1 is the previous one."""

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        return self.version(classifier, 1) if alias == "previous" else super().holder(classifier, alias)


@dataclass
class Stand:
    """A worker without its event loop."""

    place: Place
    store: PredictionStore
    watcher: ModelWatcher
    now: float = 1000.0
    limits: GuardParams = field(default_factory=GuardParams)
    orders: list[RollbackOrder] = field(default_factory=list)
    answers: deque[RollbackAnswer | RegistryError] = field(default_factory=deque)
    reader: BatchReader = field(default_factory=lambda: BatchReader("w"))
    offset: int = 0

    def guard(self, worker: str = "w") -> Guard:
        actor = Actor(Watches(self.store, worker), self.roll_back, worker)
        inquiry = Inquiry(self.watcher, self.place.copies, at_once)
        return Guard(actor, self.watcher, inquiry, limits=lambda classifier: self.limits, clock=lambda: self.now)

    def roll_back(self, order: RollbackOrder) -> RollbackAnswer:
        self.orders.append(order)
        answer = self.answers.popleft() if self.answers else RollbackAnswer("rolled_back", order.to, "rolled back")
        if isinstance(answer, RegistryError):
            raise answer
        return answer

    def serve(self, version: int) -> None:
        self.place.registry.promote(cars=version)
        look(self.watcher)

    def frames(self, values: Sequence[int], count: int = 12) -> list[Message]:
        found = []
        for number in range(count):
            jpeg = draw_jpeg(values[number % len(values)])
            frame = encode_v2(f"cam{number % 3}", f"f{self.offset}", NOON, jpeg, image_name=None, sequence=0)
            found.append(message_of(frame, offset=self.offset))
            self.offset += 1
        return found

    def live(self, guard: Guard, seconds: int, values: Sequence[int] = VARIED) -> None:
        """A batch and a look each second."""
        for _ in range(seconds):
            self.now += 1
            guard.observe(self.reader.read(self.frames(values), self.watcher.serving, {}))
            self.reader.failures_in_a_row = 0
            guard.look()

    @property
    def events(self) -> list[tuple[str, int | None, int]]:
        return [(row.event, row.from_version, row.to_version) for row in self.store.read(select(model_events))]


def at_once(work: Callable[[], Any]) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(work())
    return done

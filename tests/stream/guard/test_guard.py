"""The guard over a watcher of the fakes: its clock, its looks and the child's answer are given."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipelines.errors import RegistryError
from pipelines.guard_params import GuardParams
from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.lookup.facts import RegisteredVersion
from stream.guard.acting import Actor
from stream.guard.guard import Guard
from stream.guard.rolling_back import RollbackAnswer, RollbackOrder
from stream.guard.watches import Watches, read_verdicts
from stream.messages import Message, encode_v2
from stream.models.watcher import ModelWatcher
from stream.store import PredictionStore
from stream.tables import model_events
from stream.worker.batches import BatchReader
from stream.worker.inferring import BrokenModelError
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
    """Answers one blank picture, as when it is loaded, and nothing else."""

    def infer(self, images: Sequence[Image]) -> Inference:
        if any(image.any() for image in images):
            raise RuntimeError("the engine gave up")
        return super().infer(images)


MODELS: dict[int, type[FakeClassifier]] = {1: FakeClassifier, 2: OneClass, 3: FailsLive, 4: FakeClassifier}


def load(folder: Path, classifier: str, version: int) -> FakeClassifier:
    return MODELS[version](load_fake(folder, classifier, version).classifier, version)


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
        return Guard(
            actor,
            self.watcher,
            self.place.copies,
            limits=lambda classifier: self.limits,
            between_batches=at_once,
            clock=lambda: self.now,
        )

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


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Version 1 serves, and may be gone back to."""
    place, store = Place(tmp_path), PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    stand = Stand(place, store, place.watcher(load))
    stand.serve(1)
    return stand


def test_a_good_version_is_left_alone(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(4)

    stand.live(guard, 30)

    assert (stand.orders, stand.events) == ([], [])
    assert guard.describe()["cars"]["version"] == 4


def test_one_class_only_is_rolled_back_once_with_the_figures(stand: Stand) -> None:
    guard, other = stand.guard("a"), stand.guard("b")
    stand.live(guard, 5)
    stand.serve(2)

    for _ in range(20):
        stand.live(guard, 1)
        stand.live(other, 1)

    assert [(order.version, order.to) for order in stand.orders] == [(2, 1)]
    assert stand.events == [("rolled_back", 2, 1)]
    (verdict,) = read_verdicts(stand.store, "cars")
    assert verdict["outcome"] == "rolled_back"
    assert {figure["rule"] for figure in verdict["figures"]} >= {"errors", "unknown", "labels"}
    assert "light" in verdict["words"]
    assert "the version before says dark" in verdict["words"]


def test_a_scene_of_one_class_is_no_fault(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(4)

    stand.live(guard, 60, DARK)

    told = guard.describe()["cars"]
    assert (stand.orders, stand.events) == ([], [])
    assert told["figures"]["labels"]["alarm"]
    assert told["found"]["labels"].endswith("it is the scene")


def test_with_warn_only_it_is_said_once_and_nothing_moves(stand: Stand) -> None:
    stand.limits = GuardParams(mode="warn")
    guards = stand.guard("a"), stand.guard("b")
    stand.serve(2)

    for _ in range(40):
        for guard in guards:
            stand.live(guard, 1)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def test_switched_off_nobody_looks(stand: Stand) -> None:
    stand.limits = GuardParams(mode="off")
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 20)

    assert (stand.orders, stand.events, read_verdicts(stand.store)) == ([], [], [])


def test_a_version_that_serves_since_long_is_warned_about_also_by_a_worker_that_starts_anew(stand: Stand) -> None:
    stand.limits = GuardParams(probation_minutes=0.5, min_frames=200)
    guard = stand.guard()
    stand.serve(2)
    stand.live(guard, 10)
    stand.now += 60
    stand.limits = replace_params(stand.limits, min_frames=40)

    stand.live(guard, 20)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def replace_params(params: GuardParams, **changes: Any) -> GuardParams:
    return GuardParams(**{**params.model_dump(), **changes})


def test_without_a_version_before_it_is_a_warning(stand: Stand) -> None:
    guard = stand.guard()
    stand.live(guard, 20, DARK)

    assert (stand.orders, stand.events) == ([], [("warned", None, 1)])
    assert "no version before" in guard.describe()["cars"]["found"]["labels"]


class Aliases(FakeRegistry):
    """Version 1 is the previous one."""

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        return self.version(classifier, 1) if alias == "previous" else super().holder(classifier, alias)


def test_after_a_restart_the_version_before_is_loaded_to_be_asked(stand: Stand, tmp_path: Path) -> None:
    stand.serve(2)
    stand.place.registry = Aliases(tmp_path / "registry.json")
    stand.watcher = stand.place.watcher(load)
    look(stand.watcher)
    assert stand.watcher.loaded("cars").spare is None
    guard = stand.guard()

    for _ in range(20):
        stand.live(guard, 1)
        stand.watcher.settle()

    assert [(order.version, order.to) for order in stand.orders] == [(2, 1)]


def test_a_registry_that_does_not_answer_is_asked_again(stand: Stand) -> None:
    stand.answers.extend([RegistryError("Expected an answer."), RegistryError("Expected an answer.")])
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 25)

    assert len(stand.orders) == 3
    assert stand.events == [("rolled_back", 2, 1)]


@pytest.mark.parametrize(("outcome", "events"), [("overtaken", []), ("no_previous", [("warned", None, 2)])])
def test_what_came_of_it_is_written_down_once(stand: Stand, outcome: Any, events: list[Any]) -> None:
    stand.answers.append(RollbackAnswer(outcome, 2, "words"))
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 40)

    assert len(stand.orders) == 1
    assert stand.events == events


def test_one_that_somebody_let_serve_again_is_only_warned_about(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(2)
    versions = stand.watcher.loaded("cars")
    assert versions.served
    tagged = replace(versions.served.version, tags={**versions.served.version.tags, "vigia.guard": "red 60 of 60"})
    stand.watcher._keep("cars", replace(versions, served=replace(versions.served, version=tagged)))

    stand.live(guard, 20)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def test_frames_that_the_version_before_answers_are_the_new_ones_errors(stand: Stand) -> None:
    stand.limits = GuardParams(min_frames=20)
    guard = stand.guard()
    stand.serve(4)
    model: Any = stand.watcher.serving["cars"]
    model.__class__ = SometimesFails

    stand.live(guard, 12)

    assert [(order.version, order.to) for order in stand.orders] == [(4, 1)]
    assert "frames could not be answered" in stand.orders[0].why


class SometimesFails(FakeClassifier):
    """Fails on what is dark, as a network does that was never shown it."""

    def infer(self, images: Sequence[Image]) -> Inference:
        if any(10 < image.mean() < 80 for image in images):
            raise RuntimeError("the engine gave up")
        return super().infer(images)


def test_a_version_that_answers_nothing_any_more_is_rolled_back_before_its_worker_ends(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(3)
    frames = stand.frames(VARIED)

    with pytest.raises(BrokenModelError) as broken:
        stand.reader.read(frames, stand.watcher.serving, {})
    guard.condemn(broken.value, frames)

    assert [(order.version, order.to) for order in stand.orders] == [(3, 1)]
    assert stand.events == [("rolled_back", 3, 1)]


def test_a_machine_that_is_broken_condemns_nobody(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(3)
    spare = stand.watcher.loaded("cars").spare
    assert spare
    spare.classifier.always_fails = True  # type: ignore[attr-defined]
    frames = stand.frames(VARIED)

    guard.condemn(BrokenModelError("broken", "cars", 3), frames)

    assert (stand.orders, stand.events) == ([], [])

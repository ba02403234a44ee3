from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError, RegistryError, StoreError
from pipelines.inference import Inference
from stream.store import ModelEvent
from stream.worker.watcher import ModelWatcher, Refusal, restrict_registry, should_load
from tests.stream.fakes import BROKEN_VERSION, FakeClassifier, FakeRegistry, load_fake


class Recorder(list[ModelEvent]):
    def summary(self) -> list[tuple[str, int | None, int | None]]:
        return [(event.event, event.from_version, event.to_version) for event in self]


@pytest.fixture
def registry(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "registry.json")


@pytest.fixture
def events() -> Recorder:
    return Recorder()


@pytest.fixture
def watcher(registry: FakeRegistry, events: Recorder, tmp_path: Path) -> ModelWatcher:
    return ModelWatcher(lambda: registry, load_fake, events.append, folder=tmp_path / "models", worker="w")


@pytest.mark.parametrize(
    ("version", "served", "refusal", "loads"),
    [
        (None, None, None, False),
        (None, 3, None, False),
        (3, 3, None, False),
        (3, None, None, True),
        (4, 3, None, True),
        (2, 3, None, True),
        (4, 3, Refusal(4, 1, retry_at=100.5), False),
        (4, 3, Refusal(4, 1, retry_at=99.5), True),
        (5, 3, Refusal(4, 1, retry_at=100.5), True),
    ],
)
def test_a_version_is_loaded_when_it_is_new_and_not_just_refused(
    version: int | None, served: int | None, refusal: Refusal | None, loads: bool
) -> None:
    assert should_load(version, served, refusal, now=100.0) is loads


def test_the_first_version_is_loaded_and_the_next_one_swapped_in(
    watcher: ModelWatcher, registry: FakeRegistry, events: Recorder
) -> None:
    registry.promote(cars=1)
    watcher.poll()
    before = watcher.serving
    registry.promote(cars=2)
    watcher.poll()

    assert before["cars"].version == 1, "a batch that began with the old version ends with it"
    assert watcher.serving["cars"].version == 2
    assert events.summary() == [("loaded", None, 1), ("swapped", 1, 2)]


def test_a_classifier_promoted_later_is_served_beside_the_others(watcher: ModelWatcher, registry: FakeRegistry) -> None:
    registry.promote(cars=1)
    watcher.poll()
    registry.promote(simpsons=4)
    watcher.poll()

    assert {name: classifier.version for name, classifier in watcher.serving.items()} == {"cars": 1, "simpsons": 4}


def test_a_version_that_does_not_load_leaves_the_old_one_and_is_told_once(
    watcher: ModelWatcher, registry: FakeRegistry, events: Recorder
) -> None:
    registry.promote(cars=1)
    watcher.poll()
    registry.promote(cars=BROKEN_VERSION)
    for _ in range(3):
        watcher.poll()

    assert watcher.serving["cars"].version == 1
    assert events.summary() == [("loaded", None, 1), ("refused", 1, BROKEN_VERSION)]
    assert events[1].detail == "Expected a network, received rubble."


def test_a_version_after_a_refused_one_is_loaded_at_once(watcher: ModelWatcher, registry: FakeRegistry) -> None:
    registry.promote(cars=BROKEN_VERSION)
    watcher.poll()
    registry.promote(cars=14)
    watcher.poll()

    assert watcher.serving["cars"].version == 14


def test_a_registry_that_is_away_changes_nothing(watcher: ModelWatcher, registry: FakeRegistry, tmp_path: Path) -> None:
    watcher.poll()
    registry.promote(cars=1)
    watcher.poll()
    (tmp_path / "registry.json").unlink()
    watcher.poll()

    assert watcher.serving["cars"].version == 1


def test_a_registry_that_comes_up_after_the_worker_is_opened_then(registry: FakeRegistry, tmp_path: Path) -> None:
    opened: list[bool] = []

    def open_registry() -> FakeRegistry:
        opened.append(len(opened) > 0)
        if not opened[-1]:
            raise RegistryError("Expected MLflow to answer.")
        return registry

    registry.promote(cars=1)
    watcher = ModelWatcher(open_registry, load_fake, lambda _: None, folder=tmp_path / "models", worker="w")
    watcher.poll()
    assert watcher.serving == {}
    watcher.poll()
    watcher.poll()

    assert watcher.serving["cars"].version == 1
    assert opened == [False, True]


def test_a_model_that_answers_nonsense_to_a_blank_picture_is_refused(
    registry: FakeRegistry, events: Recorder, tmp_path: Path
) -> None:
    class Nonsense(FakeClassifier):
        def infer(self, images: object) -> Inference:
            return Inference(np.zeros((1, 7), np.float32), np.ones(1, bool))

    watcher = ModelWatcher(
        lambda: registry, lambda *_: Nonsense(), events.append, folder=tmp_path / "models", worker="w"
    )
    registry.promote(cars=1)
    watcher.poll()

    assert events.summary() == [("refused", None, 1)]
    assert "shape" in (events[0].detail or "")


def test_an_event_that_cannot_be_stored_does_not_stop_the_swap(registry: FakeRegistry, tmp_path: Path) -> None:
    def record(event: ModelEvent) -> None:
        raise StoreError("Expected the prediction store to answer.")

    watcher = ModelWatcher(lambda: registry, load_fake, record, folder=tmp_path / "models", worker="w")
    registry.promote(cars=1)
    watcher.poll()

    assert watcher.serving["cars"].version == 1


def test_only_the_files_of_the_served_version_stay_on_disk(
    watcher: ModelWatcher, registry: FakeRegistry, tmp_path: Path
) -> None:
    for version in (1, 2, 3):
        registry.promote(cars=version)
        watcher.poll()

    assert [folder.name for folder in (tmp_path / "models" / "cars").iterdir()] == ["3"]


def test_waiting_ends_with_the_first_version_that_loads(watcher: ModelWatcher, registry: FakeRegistry) -> None:
    assert not watcher.wait_until_serving(0)
    registry.promote(cars=1)
    watcher.poll()

    assert watcher.wait_until_serving(0)


def test_the_fakes_refuse_what_they_say(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load_fake(tmp_path, "cars", BROKEN_VERSION)


def test_of_a_restricted_registry_only_the_named_classifiers_are_loaded(tmp_path: Path) -> None:
    registry = FakeRegistry(tmp_path / "registry.json")
    registry.promote(cars=1, simpsons=2)

    assert restrict_registry(registry, ("simpsons", "absent")).classifiers() == ("simpsons",)
    assert restrict_registry(registry, ("simpsons",)).version_of_alias("simpsons", "production") == 2
    assert restrict_registry(registry, ()) is registry

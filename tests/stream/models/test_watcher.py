import gc
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.errors import StoreError
from pipelines.inference import Classifier
from stream.store import ModelEvent
from tests.stream.fakes import BROKEN_VERSION, FakeClassifier, load_fake
from tests.stream.models.place import Place, look, served
from tests.waiting import wait_until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_version_is_loaded_and_the_next_one_swapped_in(place: Place) -> None:
    watcher = place.watcher()
    place.registry.promote(cars=1)
    look(watcher)
    before = watcher.serving
    place.registry.promote(cars=2)
    look(watcher)

    assert before["cars"].version == 1, "a batch that began with the old version ends with it"
    assert served(watcher) == {"cars": 2}
    assert place.events.summary() == [("loaded", None, 1), ("swapped", 1, 2)]


def test_a_classifier_promoted_later_is_served_beside_the_others(place: Place) -> None:
    watcher = place.watcher()
    place.registry.promote(cars=1)
    look(watcher)
    place.registry.promote(simpsons=4)
    look(watcher)

    assert served(watcher) == {"cars": 1, "simpsons": 4}


def test_a_classifier_that_loads_for_long_does_not_keep_another_one_waiting(place: Place) -> None:
    go_on = threading.Event()

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        if classifier == "cars":
            go_on.wait(120)
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    place.registry.promote(cars=1, simpsons=4)
    watcher.poll()
    wait_until(lambda: bool(served(watcher)), timeout_seconds=60, what="the Simpsons")
    before = served(watcher)
    go_on.set()
    watcher.settle()

    assert before == {"simpsons": 4}
    assert served(watcher) == {"cars": 1, "simpsons": 4}


def test_a_worker_reads_no_frame_before_every_production_version_was_looked_at(place: Place) -> None:
    ready: list[bool] = []

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        if classifier == "simpsons":
            wait_until(lambda: "cars" in watcher.serving, timeout_seconds=60, what="the cars")
            ready.append(watcher.wait_until_serving(0.2))
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    place.registry.promote(cars=1, simpsons=1, cats_dogs=BROKEN_VERSION)
    look(watcher)

    assert ready == [False], "frames for the Simpsons would have become dead letters"
    assert watcher.wait_until_serving(0), "a version that cannot be loaded holds up nobody"


def test_a_watcher_of_chosen_classifiers_loads_no_others(place: Place) -> None:
    watcher = place.watcher(only=("simpsons", "absent"))
    place.registry.promote(cars=1, simpsons=2)
    look(watcher)

    assert served(watcher) == {"simpsons": 2}


def test_a_version_that_does_not_load_leaves_the_old_one_and_is_told_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # it is tried again after two seconds, which a busy machine may need for the three looks
    monkeypatch.setattr("stream.models.watcher.time", SimpleNamespace(monotonic=lambda: 100.0))
    watcher = place.watcher()
    place.registry.promote(cars=1)
    look(watcher)
    place.registry.promote(cars=BROKEN_VERSION)
    for _ in range(3):
        look(watcher)

    assert served(watcher) == {"cars": 1}
    assert place.events.summary() == [("loaded", None, 1), ("refused", 1, BROKEN_VERSION)]
    assert place.events[1].detail == "Expected a network, received rubble."
    refused = watcher.describe()["cars"]["refused"]
    assert (refused["version"], refused["reason"], refused["tries"]) == (
        BROKEN_VERSION,
        "Expected a network, received rubble.",
        1,
    )


def test_a_refusal_is_forgotten_when_the_alias_goes_back(place: Place) -> None:
    watcher = place.watcher()
    for number in (1, BROKEN_VERSION, 1):
        place.registry.promote(cars=number)
        look(watcher)

    assert watcher.describe()["cars"]["refused"] is None


def test_a_version_after_a_refused_one_is_loaded_at_once(place: Place) -> None:
    watcher = place.watcher()
    place.registry.promote(cars=BROKEN_VERSION)
    look(watcher)
    place.registry.promote(cars=14)
    look(watcher)

    assert served(watcher) == {"cars": 14}


def test_an_altered_byte_in_the_registry_is_refused_and_nothing_of_it_stays(place: Place) -> None:
    watcher = place.watcher()
    place.registry.promote(cars=1)
    look(watcher)
    place.registry.promote(cars=2)
    place.registry.version("cars", 2)
    (place.registry.artefact("cars", 2) / "MLmodel").write_text("cars 3")
    look(watcher)

    assert served(watcher) == {"cars": 1}
    assert "changed after registration" in (place.events[-1].detail or "")
    assert sorted(path.name for path in (place.copies.folder / "cars").iterdir()) == ["1", "served.json"]


def test_a_version_that_lost_the_alias_while_it_was_loaded_never_serves(place: Place) -> None:
    def load(folder: Path, classifier: str, number: int) -> Classifier:
        if number == 2:
            place.registry.promote(cars=3)
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    for number in (1, 2):
        place.registry.promote(cars=number)
        look(watcher)
    between = served(watcher)
    look(watcher)

    assert between == {"cars": 1}
    assert place.events.summary() == [("loaded", None, 1), ("swapped", 1, 3)]


def test_a_version_whose_alias_was_taken_away_while_it_was_loaded_never_serves(place: Place, tmp_path: Path) -> None:
    def load(folder: Path, classifier: str, number: int) -> Classifier:
        if number == 2:
            (tmp_path / "registry.json").write_text('{"cars": null}')
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    for number in (1, 2):
        place.registry.promote(cars=number)
        look(watcher)

    assert served(watcher) == {"cars": 1}


def test_a_version_that_lost_the_alias_while_it_was_loaded_is_there_when_it_comes_back(place: Place) -> None:
    loaded: list[int] = []

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        loaded.append(number)
        if number == 2:
            place.registry.promote(cars=1)
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    for number in (1, 2):
        place.registry.promote(cars=number)
        look(watcher)
    between = served(watcher)
    place.registry.promote(cars=2)
    look(watcher)

    assert between == {"cars": 1}
    assert served(watcher) == {"cars": 2}
    assert loaded == [1, 2]


def test_the_version_before_is_swapped_back_without_being_loaded_again(place: Place) -> None:
    loaded: list[int] = []

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        loaded.append(number)
        return load_fake(folder, classifier, number)

    watcher = place.watcher(load)
    for number in (1, 2, 1, 2, 1):
        place.registry.promote(cars=number)
        look(watcher)

    assert served(watcher) == {"cars": 1}
    assert loaded == [1, 2]
    assert len(place.events) == 5


def test_no_more_than_two_versions_are_ever_in_memory(place: Place) -> None:
    alive: list[weakref.ref[FakeClassifier]] = []
    most = 0

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        nonlocal most
        gc.collect()
        made = load_fake(folder, classifier, number)
        alive.append(weakref.ref(made))
        most = max(most, sum(each() is not None for each in alive))
        return made

    watcher = place.watcher(load)
    for number in range(1, 8):
        place.registry.promote(cars=number)
        look(watcher)

    assert most == 2
    assert sorted(path.name for path in (place.copies.folder / "cars").iterdir()) == ["6", "7", "served.json"]


def test_the_version_before_is_freed_after_a_while(place: Place) -> None:
    alive: list[weakref.ref[FakeClassifier]] = []

    def load(folder: Path, classifier: str, number: int) -> Classifier:
        made = load_fake(folder, classifier, number)
        alive.append(weakref.ref(made))
        return made

    watcher = place.watcher(load, spare_seconds=0)
    for number in (1, 2):
        place.registry.promote(cars=number)
        look(watcher)
    look(watcher)
    gc.collect()

    assert [each() is not None for each in alive] == [False, True]


def test_a_registry_that_is_away_or_an_alias_that_was_taken_away_changes_nothing(place: Place, tmp_path: Path) -> None:
    watcher = place.watcher()
    look(watcher)
    place.registry.promote(cars=1)
    look(watcher)
    (tmp_path / "registry.json").write_text('{"cars": null}')
    look(watcher)
    (tmp_path / "registry.json").unlink()
    look(watcher)

    assert served(watcher) == {"cars": 1}


def test_an_event_that_cannot_be_stored_does_not_stop_the_swap(place: Place) -> None:
    def record(event: ModelEvent) -> None:
        raise StoreError("Expected the prediction store to answer.")

    watcher = place.watcher(record=record)
    place.registry.promote(cars=1)
    look(watcher)

    assert served(watcher) == {"cars": 1}


def test_waiting_ends_with_the_first_version_that_loads(place: Place) -> None:
    watcher = place.watcher()
    assert not watcher.wait_until_serving(0)
    place.registry.promote(cars=1)
    look(watcher)

    assert watcher.wait_until_serving(0)


def test_what_fails_for_one_classifier_keeps_no_other_from_its_version(place: Place) -> None:
    def record(event: ModelEvent) -> None:
        if (event.classifier, event.from_version, event.to_version) == ("cars", 2, 1):
            raise RuntimeError("a driver that raises what nobody foresaw")

    watcher = place.watcher(record=record)
    for number in (1, 2):
        place.registry.promote(cars=number)
        look(watcher)
    place.registry.promote(cars=1, simpsons=4)
    look(watcher)

    assert served(watcher) == {"cars": 1, "simpsons": 4}

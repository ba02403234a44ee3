"""Without the registry at start."""

import shutil
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from stream.models.loader import Loader
from stream.models.watcher import ModelWatcher
from tests.stream.fakes import FakeRegistry, download_nothing, load_fake, try_nothing
from tests.stream.models.place import Place, look, served


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_the_registry_at_start_the_last_version_serves_from_its_copy_and_says_so(
    place: Place, tmp_path: Path
) -> None:
    place.registry.promote(cars=7)
    look(place.watcher())
    (tmp_path / "registry.json").unlink()
    shutil.rmtree(tmp_path / "artefacts")

    watcher = place.watcher()
    look(watcher)
    look(watcher)

    assert served(watcher) == {"cars": 7}
    assert watcher.describe()["cars"]["from_copy"] is True
    assert "the registry does not answer" in (place.events[-1].detail or "")
    assert len(place.events) == 2

    place.registry.promote(cars=7)
    look(watcher)
    assert watcher.describe()["cars"]["from_copy"] is False
    assert len(place.events) == 2, "it is the same version, nothing was loaded"


def test_a_worker_of_chosen_classifiers_recalls_no_others_that_its_slot_once_served(
    place: Place, tmp_path: Path
) -> None:
    place.registry.promote(cars=7, simpsons=3)
    look(place.watcher())
    (tmp_path / "registry.json").unlink()

    watcher = place.watcher(only=("cars",))
    look(watcher)

    assert served(watcher) == {"cars": 7}


def test_a_copy_that_was_altered_is_not_served(place: Place, tmp_path: Path) -> None:
    place.registry.promote(cars=7)
    look(place.watcher())
    (tmp_path / "registry.json").unlink()
    (place.copies.folder / "cars" / "7" / "MLmodel").write_text("cars 8")

    watcher = place.watcher()
    look(watcher)

    assert served(watcher) == {}


def test_a_registry_that_comes_up_after_the_worker_is_opened_then(place: Place) -> None:
    opened: list[bool] = []

    def open_lookup() -> FakeRegistry:
        opened.append(len(opened) > 0)
        if not opened[-1]:
            raise RegistryError("Expected MLflow to answer.")
        return place.registry

    place.registry.promote(cars=1)
    loader = Loader(place.copies, download_nothing, try_nothing, load_fake)
    watcher = ModelWatcher(open_lookup, loader, lambda _: None, worker="w")
    look(watcher)
    assert watcher.serving == {}
    look(watcher)
    look(watcher)

    assert served(watcher) == {"cars": 1}
    assert opened == [False, True]

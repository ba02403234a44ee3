from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream.models.copies import Copies
from stream.models.loader import Loader
from stream.models.watcher import ModelWatcher
from tests.stream.fakes import BROKEN_VERSION, download_nothing, load_fake, try_nothing
from tests.stream.models.place import Place, look, served


def test_an_alias_that_is_taken_away_is_told_once_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)
    watcher = place.watcher()
    for version in (1, None, None, 1, None):
        place.registry.promote(cars=version)  # type: ignore[arg-type]  # what a registry says when nobody holds it
        look(watcher)

    assert served(watcher) == {"cars": 1}
    assert watcher.describe()["cars"]["orphan"] is True
    lines = [record.message for record in caplog.records if "Expected a production version of cars" in record.message]
    assert len(lines) == 2
    assert "Version 1 goes on serving" in lines[0]


def test_a_refusal_is_forgotten_with_the_alias_of_the_version(tmp_path: Path) -> None:
    place = Place(tmp_path)
    watcher = place.watcher()
    for version in (1, BROKEN_VERSION):
        place.registry.promote(cars=version)
        look(watcher)
    before = watcher.describe()["cars"]["refused"]["version"]
    place.registry.promote(cars=None)  # type: ignore[arg-type]
    look(watcher)

    assert before == BROKEN_VERSION
    assert watcher.describe()["cars"]["refused"] is None


def test_a_classifier_that_was_never_promoted_is_nothing_odd(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)
    place.registry.promote(cars=None)  # type: ignore[arg-type]
    watcher = place.watcher()
    look(watcher)

    assert watcher.describe() == {}
    assert caplog.records == []


@pytest.mark.parametrize("name", ["../../outside", "Mi modelo", "", "a" * 41, "cars\n", "CARS"])
def test_a_registered_model_whose_name_is_no_classifiers_is_told_once_and_left_alone(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(tmp_path)
    watcher = place.watcher()
    place.registry.promote(**{"cars": 1, name: 1})
    look(watcher)
    look(watcher)

    assert served(watcher) == {"cars": 1}
    assert [path.name for path in place.copies.folder.iterdir()] == ["cars"]
    assert len([record for record in caplog.records if "Expected classifiers named" in record.message]) == 1


def test_workers_that_disagree_about_the_time_swap_alike(tmp_path: Path) -> None:
    place = Place(tmp_path)
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def start(name: str, now: datetime) -> ModelWatcher:
        loader = Loader(Copies(tmp_path / name), download_nothing, try_nothing, load_fake)
        return ModelWatcher(lambda: place.registry, loader, place.events.append, worker=name, clock=lambda: now)

    early, late = start("early", noon - timedelta(days=1)), start("late", noon + timedelta(days=1))
    seen = []
    for number in (1, BROKEN_VERSION, 2, 1):
        place.registry.promote(cars=number)
        for watcher in (late, early):
            look(watcher)
        seen.append((served(early), served(late)))

    assert seen == [({"cars": number}, {"cars": number}) for number in (1, 1, 2, 1)]

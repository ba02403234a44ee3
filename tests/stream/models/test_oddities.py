from pathlib import Path

import pytest

from stream.models.oddities import Oddities
from tests.stream.models.place import Place, look, served


def test_an_alias_that_is_taken_away_is_told_once_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)
    watcher = place.watcher()
    for version in (1, None, None, 1, None):
        place.registry.promote(cars=version)  # type: ignore[arg-type]  # what a registry says when nobody holds it
        look(watcher)

    assert served(watcher) == {"cars": 1}
    lines = [record.message for record in caplog.records if "Expected a production version of cars" in record.message]
    assert len(lines) == 2
    assert "Version 1 goes on serving" in lines[0]


def test_a_classifier_that_was_never_promoted_is_nothing_odd(caplog: pytest.LogCaptureFixture) -> None:
    Oddities().look("cars", holds=False, served=None)

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

from pathlib import Path

import pytest

from tests.stream.models.place import Place, look, served


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_challenger_whose_alias_was_taken_away_answers_no_more(place: Place, tmp_path: Path) -> None:
    watcher = place.watcher(role="shadow")
    place.registry.promote(cars=1, simpsons=2)
    look(watcher)
    (tmp_path / "registry.json").write_text('{"cars": null, "simpsons": 2}')
    look(watcher)
    between = served(watcher)
    (tmp_path / "registry.json").write_text("{}")
    look(watcher)

    assert between == {"simpsons": 2}
    assert served(watcher) == {}
    assert {event.role for event in place.events} == {"shadow"}


def test_a_challenger_is_not_recalled_when_the_registry_is_away_at_start(place: Place, tmp_path: Path) -> None:
    place.registry.promote(cars=1)
    look(place.watcher(role="shadow"))
    (tmp_path / "registry.json").unlink()
    watcher = place.watcher(role="shadow")
    look(watcher)

    assert served(watcher) == {}

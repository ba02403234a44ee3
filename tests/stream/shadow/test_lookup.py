from pathlib import Path

import pytest

from stream.shadow.lookup import ChallengerLookup
from tests.stream.models.place import Place, look, served
from tests.stream.shadow.registries import TwoRegistries


def test_a_challenger_is_found_unless_it_is_production_by_now(tmp_path: Path) -> None:
    registries = TwoRegistries(tmp_path)
    registries.production.promote(cars=1, simpsons=3)
    registries.challengers.promote(cars=2, simpsons=3, cats_dogs=4)
    lookup = ChallengerLookup(registries)

    found = {name: lookup.holder(name, "challenger") for name in ("cars", "simpsons", "cats_dogs", "nobody")}

    assert {name: each and each.version for name, each in found.items()} == {
        "cars": 2,
        "simpsons": None,
        "cats_dogs": 4,
        "nobody": None,
    }


def test_a_challenger_whose_alias_was_taken_away_answers_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(tmp_path)
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
    assert "production version" not in caplog.text, "of which its registry says nothing wrong"


def test_a_challenger_is_not_recalled_when_the_registry_is_away_at_start(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.registry.promote(cars=1)
    look(place.watcher(role="shadow"))
    (tmp_path / "registry.json").unlink()
    watcher = place.watcher(role="shadow")
    look(watcher)

    assert served(watcher) == {}

from pathlib import Path

from stream.shadow.lookup import ChallengerLookup
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

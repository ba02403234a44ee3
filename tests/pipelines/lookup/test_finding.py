from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from pipelines.lookup.finding import find_run, find_version, open_lookup
from pipelines.lookup.registry_server import RegistryServer
from pipelines.lookup.registry_tables import RegistryTables
from pipelines.settings import Settings
from tests.pipelines.lookup.made import registered_version


@dataclass
class FakeLookup:
    """Versions by classifier; `production` holds one of each that is named."""

    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    production: dict[str, int] = field(default_factory=dict)

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        number = self.production.get(classifier) if alias == "production" else None
        return None if number is None else self.version(classifier, number)

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        there = version in self.numbers.get(classifier, ())
        return registered_version(classifier, version) if there else None

    def versions(self, classifier: str) -> tuple[int, ...]:
        return self.numbers.get(classifier, ())

    def classifiers(self) -> tuple[str, ...]:
        return tuple(self.numbers)

    def run(self, run_id: str) -> RunFacts | None:
        return None


def test_production_answers_unless_a_version_is_named() -> None:
    lookup = FakeLookup({"cars": (1, 2, 3)}, {"cars": 2})

    assert find_version(lookup, "cars", None).version == 2
    assert find_version(lookup, "cars", 3).version == 3


@pytest.mark.parametrize(
    ("lookup", "wanted", "words"),
    [
        (FakeLookup({"cars": (1, 2)}), None, r"production version of cars.*\(1, 2\).*vigia promote cars 2"),
        (FakeLookup({"cars": (1, 2)}), 7, r"\(registered: 1, 2\), received 7"),
        (FakeLookup({"dogs": (1,)}), None, "received 'cars'; there are: dogs"),
        (FakeLookup(), None, "none is registered here. Run `vigia train cars`"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(lookup: FakeLookup, wanted: int | None, words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        find_version(lookup, "cars", wanted)


@pytest.mark.parametrize(("run_id", "words"), [("0000", "training run 0000"), ("", r"\(none named\)")])
def test_a_run_that_is_gone_is_said(run_id: str, words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        find_run(FakeLookup(), run_id)


def test_the_way_to_ask_follows_from_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def way(uri: str | None) -> object:
        return open_lookup(Settings(home=tmp_path, mlflow_tracking_uri=uri))

    assert way("https://models.example") == RegistryServer("https://models.example")
    assert way(None) == RegistryTables(f"sqlite:///{tmp_path}/mlflow/mlflow.db")
    assert way("postgresql+psycopg2://db/mlflow") == RegistryTables("postgresql+psycopg2://db/mlflow")
    assert way("mysql://db/mlflow") is None

    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "plugin")
    assert way("https://models.example") is None

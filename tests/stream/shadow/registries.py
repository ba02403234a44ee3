"""A registry with two aliases, each in a file of its own that a test writes while workers run."""

from pathlib import Path

from pipelines.lookup.facts import RegisteredVersion, RunFacts
from tests.stream.fakes import FakeRegistry


class TwoRegistries:
    """`production` as a fake worker reads it, and beside it `challengers`."""

    def __init__(self, home: Path) -> None:
        self.production = FakeRegistry(home / "registry.json")
        self.challengers = FakeRegistry(home / "challengers.json")

    def classifiers(self) -> tuple[str, ...]:
        return self.production.classifiers()

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        registry = self.production if alias == "production" else self.challengers
        return registry.holder(classifier, alias)

    def run(self, run_id: str) -> RunFacts | None:
        return self.production.run(run_id)

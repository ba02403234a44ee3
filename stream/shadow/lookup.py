"""The registry as a shadow sees it: a challenger that is production by now challenges nobody."""

from dataclasses import dataclass

from pipelines.lookup.facts import RegisteredVersion, RunFacts
from pipelines.lookup.finding import PRODUCTION
from stream.models.watcher import LiveLookup


@dataclass(frozen=True, slots=True)
class ChallengerLookup:
    """Answers as the registry does, but for that."""

    registry: LiveLookup

    def classifiers(self) -> tuple[str, ...]:
        return self.registry.classifiers()

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        found = self.registry.holder(classifier, alias)
        if found is None:
            return None
        serving = self.registry.holder(classifier, PRODUCTION)
        return None if serving is not None and serving.version == found.version else found

    def run(self, run_id: str) -> RunFacts | None:
        return self.registry.run(run_id)

"""What a finding leads to: a rollback or a warning, each by one worker of all, each written down once."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pipelines.errors import RegistryError
from stream.guard.rolling_back import RollBack, RollbackOrder
from stream.guard.rules import Figure, Rule
from stream.guard.watches import Watch, Watches
from stream.store import ModelEvent, ModelEventKind

log = logging.getLogger(__name__)


class Actor:
    """Every method raises StoreError when the store is away."""

    def __init__(self, watches: Watches, roll_back: RollBack, worker: str) -> None:
        self._watches = watches
        self._roll_back = roll_back
        self._worker = worker

    def open(self, classifier: str, version: int, before: int | None) -> Watch:
        return self._watches.open(classifier, version, before)

    def take_back(self, watch: Watch, to: int, why: str, figures: tuple[Figure, ...]) -> str | None:
        """What became of it; None when the registry did not answer and it is to be tried again."""
        claim = self._watches.claim(watch, "rollback")
        if claim is None:
            return "another worker acts, or has acted"
        try:
            answer = self._roll_back(RollbackOrder(watch.classifier, watch.version, to, why, self._worker))
        except RegistryError as error:
            log.error("%s", error)
            self._watches.release(claim)
            return None
        words = f"{why}; {answer.words}"
        event = None
        if answer.outcome == "rolled_back":
            event = self._event(watch.classifier, watch.version, answer.production, "rolled_back", words)
        elif answer.outcome == "no_previous":
            event = self._event(watch.classifier, None, watch.version, "warned", words)
        if self._watches.finish(claim, answer.outcome, words, _describe(figures), event):
            log.error("%s version %d, %s: %s", watch.classifier, watch.version, answer.outcome, words)
        return answer.words

    def warn(self, watch: Watch, rule: Rule, words: str, figures: tuple[Figure, ...]) -> None:
        """Once a day for each rule."""
        claim = self._watches.claim(watch, rule)
        if claim is None:
            return
        event = self._event(watch.classifier, None, watch.version, "warned", words)
        if self._watches.finish(claim, "warned", words, _describe(figures), event):
            log.warning("%s version %d: %s", watch.classifier, watch.version, words)

    def _event(
        self, classifier: str, before: int | None, after: int | None, kind: ModelEventKind, words: str
    ) -> ModelEvent:
        return ModelEvent(datetime.now(UTC), self._worker, classifier, before, after or 0, kind, words[:1000])


def _describe(figures: tuple[Figure, ...]) -> list[dict[str, Any]]:
    return [asdict(figure) for figure in figures]

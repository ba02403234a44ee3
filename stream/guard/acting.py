"""What a finding leads to: a rollback or a warning, each by one worker of all, each written down once."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from pipelines.errors import RegistryError
from stream.guard.rolling_back import RollBack, RollbackOrder
from stream.guard.rules import Rule
from stream.guard.watches import Claim, Plan, Watch, Watches
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

    def take_back(self, watch: Watch, plan: Plan) -> str | None:
        """What became of it; None when the registry did not answer and it is to be tried again."""
        claim = self._watches.claim(watch, "rollback", plan)
        return self._carry_out(claim) if claim else "another worker acts, or has acted"

    def finish_begun(self, may_act: Callable[[str], bool]) -> bool:
        """End what a worker began that is gone, or for which the registry did not answer; False: it does not still."""
        claim = self._watches.take_over(may_act)
        return claim is None or self._carry_out(claim) is not None

    def warn(self, watch: Watch, rule: Rule, plan: Plan) -> None:
        """Once a day for each rule."""
        claim = self._watches.claim(watch, rule, plan)
        if claim is None:
            return
        event = self._event(watch.classifier, None, watch.version, "warned", plan.words)
        if self._watches.finish(claim, "warned", plan.words, event):
            log.warning("%s version %d: %s", watch.classifier, watch.version, plan.words)

    def _carry_out(self, claim: Claim) -> str | None:
        plan, name, version = claim.plan, claim.classifier, claim.version
        try:
            answer = self._roll_back(RollbackOrder(name, version, plan.to or 0, plan.words, self._worker))
        except RegistryError as error:
            log.error("%s", error)
            self._watches.release(claim)
            return None
        words = f"{plan.words}; {answer.words}"
        event = None
        if answer.outcome == "rolled_back":
            event = self._event(name, version, answer.production, "rolled_back", words)
        elif answer.outcome == "no_previous":
            event = self._event(name, None, version, "warned", words)
        if self._watches.finish(claim, answer.outcome, words, event):
            log.error("%s version %d, %s: %s", name, version, answer.outcome, words)
        return answer.words

    def _event(
        self, classifier: str, before: int | None, after: int | None, kind: ModelEventKind, words: str
    ) -> ModelEvent:
        return ModelEvent(datetime.now(UTC), self._worker, classifier, before, after or 0, kind, words[:1000])

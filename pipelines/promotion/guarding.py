"""A version that fails live leaves production: at most once, and never for one that was taken out itself."""

from dataclasses import dataclass
from typing import Final, Literal

from pipelines.errors import GateError
from pipelines.promotion.decisions import make_decision
from pipelines.promotion.history import find_last_move, find_rollback, read_history
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.moving import move_back_as
from pipelines.registry import GUARD_TAG, Registry

BY: Final = "guard"
"""How the log book names the one who decided."""


@dataclass(frozen=True, slots=True)
class GuardedRollback:
    """What came of it."""

    outcome: Literal["rolled_back", "overtaken", "no_previous"]
    production: int | None
    """Afterwards."""
    words: str


def roll_back_failing(
    registry: Registry, book: LogBook, classifier: str, version: int, *, to: int, why: str, by: str
) -> GuardedRollback:
    """Production goes from `version` to `to`, if that is the previous one, and unless somebody moved it meanwhile.

    Done again by another after the first one was killed, it finds what is done already.
    """
    serving = registry.version_of_alias(classifier, "production")
    history = read_history(registry, book, classifier)
    if serving != version:
        done = find_rollback(history, version)
        if done and done.by.startswith(f"{BY} of ") and done.to_version == serving:
            registry.tag(classifier, version, GUARD_TAG, done.note or why)
            return GuardedRollback("rolled_back", serving, "it was rolled back already")
        return GuardedRollback("overtaken", serving, f"production is version {serving or 'none'} by now")
    last = find_last_move(history)
    if last and last.to_version == version and last.event in ("restored", "rolled_back"):
        return GuardedRollback("no_previous", version, f"{last.by} went back to it from version {last.from_version}")
    before = registry.version_of_alias(classifier, "previous")
    if before is None or before == version:
        return GuardedRollback("no_previous", version, "there is no previous version to go back to")
    if before != to:
        return GuardedRollback("no_previous", version, f"previous is version {before}, which was not asked; {to} was")
    if find_rollback(history, before) or GUARD_TAG in registry.version(classifier, before).tags:
        return GuardedRollback("no_previous", version, f"the previous version {before} was taken out itself")
    decision = make_decision(
        classifier, version, "rolled_back", before=version, after=before, note=why, by=f"{BY} of {by}"
    )
    try:
        move_back_as(registry, book, decision)
    except GateError as error:
        return GuardedRollback("overtaken", registry.version_of_alias(classifier, "production"), str(error))
    registry.tag(classifier, version, GUARD_TAG, why)
    return GuardedRollback("rolled_back", before, decision.sentence())

"""The log book of a classifier: rows of the table, and what MLflow's tags tell of decisions made elsewhere."""

import json
from collections.abc import Mapping, Sequence

from pipelines.promotion.decisions import ModelDecision
from pipelines.promotion.log_book import LogBook
from pipelines.registry import DECISION_TAG, GATE_TAG, ModelVersion, Registry


def read_history(registry: Registry, book: LogBook, classifier: str) -> tuple[ModelDecision, ...]:
    """Every known decision, oldest first."""
    rows = {decision.id: decision for decision in book.read(classifier)}
    versions = registry.versions(classifier)
    told = [read_decision(registry.classifier_tags(classifier)), *(_read_version(version) for version in versions)]
    for decision in told:
        if decision is not None:
            rows.setdefault(decision.id, decision)
    return tuple(sorted(rows.values(), key=lambda decision: decision.at))


def find_last_move(history: Sequence[ModelDecision]) -> ModelDecision | None:
    """The last decision that changed production."""
    moves = [each for each in history if each.from_version != each.to_version and each.event != "overtaken"]
    return moves[-1] if moves else None


def find_rollback(history: Sequence[ModelDecision], version: int) -> ModelDecision | None:
    """The rollback that took the version out of production, if that is the last that happened to it there."""
    last = find_last_move([each for each in history if version in (each.from_version, each.to_version)])
    return last if last and last.event == "rolled_back" and last.from_version == version else None


def read_decision(tags: Mapping[str, str]) -> ModelDecision | None:
    """What a decision tag says; None without one, and for one that nobody of ours wrote."""
    try:
        return ModelDecision.parse(json.loads(tags[DECISION_TAG]))
    except (KeyError, ValueError, TypeError):
        return None


def _read_version(version: ModelVersion) -> ModelDecision | None:
    decision = read_decision(version.tags)
    if decision is not None or GATE_TAG not in version.tags:
        return decision
    word, _, said = version.tags[GATE_TAG].partition(": ")
    if word not in ("passed", "refused"):
        return None  # what the gate would say of an imported candidate
    passed = word == "passed"
    # before there was a log book the gate left its words alone, and no time but the version's own
    return ModelDecision(
        id=f"gate-{version.version}",
        at=version.created_at,
        by="training",
        classifier=version.classifier,
        version=version.version,
        event="promoted" if passed else "refused",
        from_version=None,
        to_version=version.version if passed else None,
        reasons=(said,),
    )

"""The gate at work: measure, decide, keep the decision, and move the aliases when it passed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipelines.params import load_params
from pipelines.promotion.decisions import Event, make_decision, name_person
from pipelines.promotion.evidence import Evidence
from pipelines.promotion.history import find_last_move, find_rollback, read_history
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.measuring import measure_evidence
from pipelines.promotion.moving import keep_decision, move_to_production
from pipelines.promotion.rules import Asker, PromotionDecision, decide_promotion
from pipelines.registry import GATE_TAG, GUARD_TAG, ModelVersion, Registry, promote
from pipelines.stage_params import ClassifierParams

Measure = Callable[[Registry, Path, ClassifierParams, ModelVersion, int | None], Evidence]


def judge_candidate(
    registry: Registry,
    book: LogBook,
    workspace: Path,
    classifier: str,
    version: int,
    *,
    asker: Asker = "training",
    note: str | None = None,
    measure: Measure = measure_evidence,
) -> tuple[PromotionDecision, bool]:
    """Decide, write it down, promote when passed; returns the decision and whether it serves now.

    Raises GateError when another version became production meanwhile.
    """
    serving = registry.version_of_alias(classifier, "production")
    if serving == version:
        promote(registry, classifier, version)  # ends what a kill may have left half done
        return _already_serving(version), True
    params = load_params(workspace).classifier(classifier)
    evidence = _gather(registry, book, registry.version(classifier, version), serving, workspace, params, measure)
    decision = decide_promotion(evidence, params.promote, asker)
    kept = make_decision(
        classifier,
        version,
        "promoted" if decision.passed else "refused",
        before=serving,
        after=version if decision.passed else serving,
        reasons=decision.reasons,
        note=note,
        by=f"{name_person()}, training" if asker == "training" else None,
    )
    if decision.passed:
        move_to_production(registry, book, kept)
    else:
        keep_decision(registry, book, kept)
    return decision, decision.passed


def ask_gate(
    registry: Registry,
    book: LogBook,
    workspace: Path,
    classifier: str,
    version: int,
    *,
    measure: Measure = measure_evidence,
) -> PromotionDecision:
    """What the gate would say to a person who promotes this version now, a tag of the version; nothing is moved."""
    serving = registry.version_of_alias(classifier, "production")
    params = load_params(workspace).classifier(classifier)
    evidence = _gather(registry, book, registry.version(classifier, version), serving, workspace, params, measure)
    decision = decide_promotion(evidence, params.promote, "person")
    words = "would pass" if decision.passed else "would refuse"
    registry.tag(classifier, version, GATE_TAG, f"{words}: {'; '.join(decision.reasons)}")
    return decision


def promote_by_hand(
    registry: Registry,
    book: LogBook,
    workspace: Path,
    classifier: str,
    version: int,
    *,
    force: bool = False,
    note: str | None = None,
    measure: Measure = measure_evidence,
) -> tuple[PromotionDecision, bool]:
    """What a person wants: judged unless it is forced, or served before as the previous version."""
    serving = registry.version_of_alias(classifier, "production")
    if serving == version:
        return _already_serving(version), True
    event: Event
    if force:
        event, reason = "forced", f"forced, the gate was not asked: {note}"
    elif (
        registry.version_of_alias(classifier, "previous") == version
        and GUARD_TAG not in registry.version(classifier, version).tags
    ):
        event, reason = "restored", f"version {version} was production before version {serving or 'none'}"
    else:
        return judge_candidate(
            registry, book, workspace, classifier, version, asker="person", note=note, measure=measure
        )
    move_to_production(
        registry,
        book,
        make_decision(classifier, version, event, before=serving, after=version, reasons=(reason,), note=note),
    )
    return PromotionDecision(True, (reason,)), True


def _gather(
    registry: Registry,
    book: LogBook,
    candidate: ModelVersion,
    serving: int | None,
    workspace: Path,
    params: ClassifierParams,
    measure: Measure,
) -> Evidence:
    history = read_history(registry, book, candidate.classifier)
    against, remark = serving, None
    last = find_last_move(history)
    if serving is None and last is not None and last.to_version is not None:
        # deleted by hand in MLflow, and its alias went with it: that must not make a first version of the next one
        against = registry.version_of_alias(candidate.classifier, "previous")
        against = None if against == candidate.version else against
        instead = (
            f"compared with the previous version {against}" if against else "there is no previous one to compare with"
        )
        remark = f"production version {last.to_version} is no longer registered as such: {instead}"
    evidence = measure(registry, workspace, params, candidate, against)
    taken_out = find_rollback(history, candidate.version)
    why = None
    if taken_out is not None:
        why = f"{taken_out.sentence()} on {taken_out.at:%Y-%m-%d %H:%M} UTC by {taken_out.by}"
        why += f": {taken_out.note}" if taken_out.note else ""
    return replace(evidence, rolled_back=why, guarded=candidate.tags.get(GUARD_TAG), remark=remark)


def _already_serving(version: int) -> PromotionDecision:
    return PromotionDecision(True, (f"version {version} is production already",))

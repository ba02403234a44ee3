"""The gate: may this candidate serve? One plain function that answers with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.evaluation.metrics import Report
from pipelines.registry import GATE_TAG, Registry, promote
from pipelines.stage_params import PromoteParams

NAMED: Final = 5
"""Classes in a reason; it is a tag of the version."""


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The gate's answer; every reason is a sentence with its figures."""

    passed: bool
    reasons: tuple[str, ...]


def decide_promotion(
    candidate: Report, production: Report | None, gate: PromoteParams, gone: Sequence[str] = ()
) -> PromotionDecision:
    """Without production the candidate must beat the majority class, afterwards production's macro-F1.

    `gone` are classes of production that the candidate does not know: it answers an easier question, and cameras
    would lose them unasked.
    """
    if production is None:
        needed = candidate.majority_share + gate.majority_margin
        passed = candidate.accuracy > needed
        return PromotionDecision(
            passed,
            (
                f"no production version yet: accuracy {candidate.accuracy:.3f} is "
                f"{'above' if passed else 'not above'} {needed:.3f} "
                f"(majority class {candidate.majority_share:.3f} + margin {gate.majority_margin:g})",
            ),
        )
    if gone:
        names = ", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED} more" if len(gone) > NAMED else "")
        return PromotionDecision(
            False,
            (f"it no longer knows {names}, which production knows; if that is meant, promote it with `vigia promote`",),
        )
    needed = production.macro_f1 + gate.macro_f1_margin
    passed = candidate.macro_f1 > needed
    return PromotionDecision(
        passed,
        (
            f"macro-F1 {candidate.macro_f1:.3f} is {'above' if passed else 'not above'} production's "
            f"{production.macro_f1:.3f} + margin {gate.macro_f1_margin:g}",
        ),
    )


def judge_candidate(
    registry: Registry, classifier: str, version: int, gate: PromoteParams
) -> tuple[PromotionDecision, bool]:
    """Decide, write the reasons on the version, promote when passed; returns the decision and whether it serves now."""
    serving = registry.version_of_alias(classifier, "production")
    if serving == version:
        promote(registry, classifier, version)  # ends what a kill may have left half done
        return PromotionDecision(True, (f"version {version} is production already",)), True
    candidate = registry.report(registry.version(classifier, version))
    if serving is None:
        decision = decide_promotion(candidate, None, gate)
    else:
        known = registry.class_names(classifier, version)
        gone = [name for name in registry.class_names(classifier, serving) if name not in known]
        decision = decide_promotion(candidate, registry.report(registry.version(classifier, serving)), gate, gone)
    registry.tag(
        classifier, version, GATE_TAG, f"{'passed' if decision.passed else 'refused'}: {'; '.join(decision.reasons)}"
    )
    if decision.passed:
        promote(registry, classifier, version)
    return decision, decision.passed

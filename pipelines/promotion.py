"""The gate: may this candidate serve? One plain function that answers with reasons."""

from dataclasses import dataclass

from pipelines.evaluation.metrics import Report
from pipelines.registry import GATE_TAG, Registry, promote
from pipelines.stage_params import PromoteParams


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The gate's answer; every reason is a sentence with its figures."""

    passed: bool
    reasons: tuple[str, ...]


def decide_promotion(candidate: Report, production: Report | None, gate: PromoteParams) -> PromotionDecision:
    """Without production the candidate must beat the majority class, afterwards production's macro-F1."""
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
        return PromotionDecision(True, (f"version {version} is production already",)), True
    candidate = registry.report(registry.version(classifier, version))
    production = None if serving is None else registry.report(registry.version(classifier, serving))
    decision = decide_promotion(candidate, production, gate)
    registry.tag(
        classifier, version, GATE_TAG, f"{'passed' if decision.passed else 'refused'}: {'; '.join(decision.reasons)}"
    )
    if decision.passed:
        promote(registry, classifier, version)
    return decision, decision.passed

"""Whether a challenger shall be promoted: one rule over live frames, each finding a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipelines.shadow_params import ShadowParams
from stream.shadow.judging.comparison import ShadowComparison
from stream.shadow.judging.labels import LabelledSample

Decision = Literal["promote", "keep production", "undecided"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of the rule says."""

    decision: Decision
    """`promote`: nothing against it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, and the sentence of every part of the rule."""

    decision: Decision
    reasons: tuple[str, ...]


def decide(comparison: ShadowComparison, sample: LabelledSample | None, params: ShadowParams) -> Verdict:
    """Too few frames decide nothing. Else one part that speaks against the challenger keeps production, and one that
    cannot tell leaves it undecided."""
    findings = tuple(judge(comparison, sample, params))
    decisions = {finding.decision for finding in findings}
    decision: Decision = "promote"
    if findings[0].decision == "undecided" or decisions == {"promote", "undecided"}:
        decision = "undecided"
    elif "keep production" in decisions:
        decision = "keep production"
    return Verdict(decision, tuple(finding.reason for finding in findings))


def judge(comparison: ShadowComparison, sample: LabelledSample | None, params: ShadowParams) -> Iterator[Finding]:
    yield judge_frames(comparison, params)
    yield judge_unknown(comparison, params)
    if params.max_latency_ratio:
        yield judge_latency(comparison, params)
    yield judge_answers(comparison, sample, params)


def judge_frames(comparison: ShadowComparison, params: ShadowParams) -> Finding:
    words = f"{comparison.frames:,} frames answered by both"
    if comparison.frames < params.min_frames:
        return Finding("undecided", f"{words}, at least {params.min_frames:,} wanted")
    return Finding("promote", words)


def judge_unknown(comparison: ShadowComparison, params: ShadowParams) -> Finding:
    """Above the limit beyond chance is too many; above it at all is not known yet."""
    before, after = comparison.unknown
    limit = before.value + params.max_unknown_gain
    words = (
        f"unknown: {after.value:.1%} of the frames ({after.low:.1%} to {after.high:.1%}), production {before.value:.1%}"
    )
    if after.low > limit:
        return Finding("keep production", f"{words}: more than {params.max_unknown_gain:.1%} above it")
    if after.value > limit:
        return Finding(
            "undecided", f"{words}: more than {params.max_unknown_gain:.1%} above it, which may still be chance"
        )
    return Finding("promote", words)


def judge_latency(comparison: ShadowComparison, params: ShadowParams) -> Finding:
    ratio = comparison.infer_ratio
    before, after = (each.p50 for each in comparison.infer_ms)
    if ratio is None:
        return Finding(
            "undecided",
            "processor time of the networks: one of them was asked no frame alone, so that they cannot be compared; "
            "shadow.max_latency_ratio 0 does without",
        )
    words = f"processor time for a frame: {after:.2f} ms, production {before:.2f} ms"
    if ratio > params.max_latency_ratio:
        return Finding("keep production", f"{words}: {ratio:.2f} times, at most {params.max_latency_ratio:g} allowed")
    return Finding("promote", words)


def judge_answers(comparison: ShadowComparison, sample: LabelledSample | None, params: ShadowParams) -> Finding:
    """A person's labels go before agreement; without them only versions that surely behave alike pass."""
    if sample is not None and sample.p_value < params.alpha:
        better = sample.better > sample.worse
        return Finding(
            "promote" if better else "keep production", f"{_say_sample(sample)}: {_winner(better)} is better"
        )
    agreement = comparison.agreement
    words = f"agreement: {agreement.value:.1%} ({agreement.low:.1%} to {agreement.high:.1%})"
    if agreement.low >= params.min_agreement:
        return Finding("promote", f"{words}: they behave alike")
    wanted = f"not surely {params.min_agreement:.1%}"
    if sample is not None:
        return Finding("undecided", f"{words}, {wanted}; {_say_sample(sample)}: label more to tell them apart")
    return Finding("undecided", f"{words}, {wanted}: a labelled sample of frames on which they differ decides")


def _say_sample(sample: LabelledSample) -> str:
    return (
        f"of {sample.found:,} labelled frames the challenger alone is right on {sample.better:,}, production alone on "
        f"{sample.worse:,} (p = {sample.p_value:.3g})"
    )


def _winner(challenger: bool) -> str:
    return "the challenger" if challenger else "production"

"""The gate: may this version serve? Plain functions that answer with their figures, whether passed or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.promotion.chance import chance_of_gain, chance_of_loss, chance_of_more, least_gain
from pipelines.promotion.evidence import ClassPair, DatasetOrder, Evidence, Measured, Missing, Parity
from pipelines.stage_params import PromoteParams

Asker = Literal["training", "person"]
"""Who wants the version to serve. A training must give a reason for a change; a person is one."""

NAMED: Final = 5
"""Classes named in a reason."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says."""

    rule: str
    passed: bool
    reason: str
    """A sentence with its figures."""


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The gate's answer."""

    passed: bool
    reasons: tuple[str, ...]
    """Of a refusal: what refused it. Otherwise what each rule found."""
    findings: tuple[Finding, ...] = ()
    """Every rule, those that refuse first."""


def decide_promotion(evidence: Evidence, gate: PromoteParams, asker: Asker = "training") -> PromotionDecision:
    """Every rule is asked, so that a refusal names all that is wrong and not only the first."""
    findings = tuple(sorted(_ask_rules(evidence, gate, asker), key=lambda finding: finding.passed))
    failed = tuple(finding.reason for finding in findings if not finding.passed)
    return PromotionDecision(not failed, failed or tuple(finding.reason for finding in findings), findings)


def _ask_rules(evidence: Evidence, gate: PromoteParams, asker: Asker) -> Iterator[Finding]:
    measured = evidence.measured
    if isinstance(measured, Missing):
        yield _not_measured("test pictures", measured)
    else:
        yield (
            judge_first(measured, gate) if measured.production is None else judge_pair(evidence, measured, gate, asker)
        )
        yield from judge_names(measured, asker)
        yield judge_classes(measured, gate)
        yield judge_calibration(measured, gate)
        yield judge_unknown(measured, gate)
        yield judge_latency(measured, gate)
    yield judge_parity(evidence.parity)
    yield judge_audit(evidence.audit_errors)
    yield judge_dataset(evidence.dataset)
    if evidence.remark:
        yield Finding("remark", True, evidence.remark)
    if evidence.guarded:
        yield Finding("guard", False, f"it failed live and was rolled back: {evidence.guarded}")
    if evidence.rolled_back and asker == "training":
        yield Finding("rollback", False, f"this version was taken out of production before: {evidence.rolled_back}")


def judge_first(measured: Measured, gate: PromoteParams) -> Finding:
    """Without production there is nothing to compare with but the most frequent class."""
    accuracy, needed = measured.candidate.accuracy, measured.majority_share + gate.majority_margin
    passed = accuracy > needed
    return Finding(
        "first",
        passed,
        f"no production version yet: accuracy {accuracy:.3f} on {measured.pictures} test pictures is "
        f"{'above' if passed else 'not above'} {needed:.3f} "
        f"(majority class {measured.majority_share:.3f} + margin {gate.majority_margin:g})",
    )


def judge_names(measured: Measured, asker: Asker) -> Iterator[Finding]:
    """Without a class of production a candidate answers an easier question, and cameras lose the class unasked."""
    if not measured.gone:
        return
    some = ", ".join(measured.gone[:NAMED])
    more = f" and {len(measured.gone) - NAMED} more" if len(measured.gone) > NAMED else ""
    words = f"it no longer knows {some}{more}, which production knows"
    if asker == "person":
        yield Finding("names", True, words)
    else:
        yield Finding("names", False, f"{words}; if that is meant, promote it with `vigia promote`")


def judge_pair(evidence: Evidence, measured: Measured, gate: PromoteParams, asker: Asker) -> Finding:
    """McNemar's exact test, one-sided: shown to be better, or not shown to be worse."""
    assert measured.production is not None  # noqa: S101
    better, worse = measured.better, measured.worse
    gain = (better - worse) / measured.pictures
    tested = (
        f"{better} of {measured.pictures} test pictures better and {worse} worse than production version "
        f"{measured.production.version} (accuracy {measured.production.accuracy:.3f} -> "
        f"{measured.candidate.accuracy:.3f}, {gain:+.3f})"
    )
    if measured.left_out:
        tested += f"; {measured.left_out} more were left out, one of the two was trained on them"
    loss_p = chance_of_loss(better, worse)
    not_worse = gain >= -gate.max_loss - 1e-12 and loss_p >= gate.alpha
    if asker == "training" and gate.rule == "better":
        return _judge_better(evidence, measured, gate, tested, may_serve=not_worse)
    bounds = f"at least {gate.alpha:g} asked, and a fall of at most {gate.max_loss:g}"
    verdict = "not worse" if not_worse else "worse"
    return Finding("pair", not_worse, f"{verdict}: {tested}; such a loss has {_say(loss_p)} by chance ({bounds})")


def _judge_better(
    evidence: Evidence, measured: Measured, gate: PromoteParams, tested: str, *, may_serve: bool
) -> Finding:
    lead, differing = measured.better - measured.worse, measured.better + measured.worse
    chance = chance_of_gain(measured.better, measured.worse)
    passed = lead > 0 and lead / measured.pictures >= gate.min_gain and chance < gate.alpha
    tested += f"; such a gain has {_say(chance)} by chance (below {gate.alpha:g} asked"
    tested += f", with a gain of at least {gate.min_gain:g})" if gate.min_gain else ")"
    if passed:
        return Finding("pair", True, f"better: {tested}")
    least = least_gain(differing, gate.alpha)
    if least is None:
        needed = f"{differing} pictures that differ are too few to tell"
    else:
        needed = f"of {differing} pictures that differ it takes a lead of {least} ({least / measured.pictures:+.3f})"
    hint = f"; it may serve all the same, `vigia promote {evidence.classifier} {evidence.version}` asks only that"
    return Finding(
        "pair", False, f"not shown to be better: {tested}; {needed}{hint + ' it is not worse' if may_serve else ''}"
    )


def judge_classes(measured: Measured, gate: PromoteParams) -> Finding:
    """No class is given up for the others."""
    judged = [each for each in measured.classes if each.pictures >= gate.class_pictures]
    skipped = len(measured.classes) - len(judged)
    beside = f", {skipped} with fewer than {gate.class_pictures} test pictures not judged" if skipped else ""
    broken = [words for each in judged if (words := _judge_class(each, gate))]
    if broken:
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        return Finding("classes", False, f"classes that lose too much: {', '.join(broken[:NAMED])}{more}{beside}")
    if not judged:
        return Finding("classes", True, f"no class has {gate.class_pictures} test pictures, so none is judged alone")
    lowest = min(judged, key=lambda each: each.recall)
    return Finding(
        "classes",
        True,
        f"no class falls too low: the lowest recall is {lowest.recall:.3f} ({lowest.name}) of {len(judged)} classes, "
        f"floor {gate.class_floor:g}, loss against production at most {gate.class_max_loss:g} beyond chance{beside}",
    )


def _judge_class(each: ClassPair, gate: PromoteParams) -> str | None:
    if each.recall < gate.class_floor:
        return f"{each.name} recall {each.recall:.3f} below the floor {gate.class_floor:g} ({each.pictures} pictures)"
    if each.recall_before is None or each.recall_before - each.recall <= gate.class_max_loss:
        return None
    chance = chance_of_loss(each.better, each.worse)
    if chance >= gate.alpha:
        return None
    return (
        f"{each.name} recall {each.recall_before:.3f} -> {each.recall:.3f}, more than {gate.class_max_loss:g} lost "
        f"({_say(chance)}, {each.pictures} pictures)"
    )


def judge_calibration(measured: Measured, gate: PromoteParams) -> Finding:
    """Confidences must mean what they say, as far as so few pictures can tell."""
    figures = measured.candidate
    passed = figures.ece <= max(gate.max_ece, figures.ece_by_chance)
    words = f"calibration error {figures.ece:.3f}, at most {gate.max_ece:g} allowed"
    if figures.ece > gate.max_ece:
        within = "as chance gives" if passed else "more than chance gives"
        words += f", {within} on {measured.pictures} pictures (up to {figures.ece_by_chance:.3f})"
    return Finding("calibration", passed, words)


def judge_unknown(measured: Measured, gate: PromoteParams) -> Finding:
    """A model that refuses what it should know is of no use, however right it is."""
    figures = measured.candidate
    share = figures.refused / max(1, figures.knowable)
    passed = share <= gate.max_unknown or (
        chance_of_more(figures.refused, figures.knowable, gate.max_unknown) >= gate.alpha
    )
    beyond = "" if share <= gate.max_unknown else ", which may be chance" if passed else ", and not by chance"
    return Finding(
        "unknown",
        passed,
        f"{figures.refused} of {figures.knowable} pictures of its classes refused as unknown ({share:.3f}), "
        f"at most {gate.max_unknown:g} allowed{beyond}",
    )


def judge_latency(measured: Measured, gate: PromoteParams) -> Finding:
    """Milliseconds for one picture on one core of this machine."""
    ours, production = measured.candidate.milliseconds, measured.production
    words, passed = [f"{ours:.1f} ms a picture on one core"], True
    if gate.max_latency_ms:
        passed &= ours <= gate.max_latency_ms
        words.append(f"at most {gate.max_latency_ms:g} allowed")
    if production is not None:
        words.append(f"production {production.milliseconds:.1f} ms")
        if gate.max_latency_ratio:
            passed &= ours <= gate.max_latency_ratio * production.milliseconds
            words.append(f"at most {gate.max_latency_ratio:g} times that allowed")
    if not (gate.max_latency_ms or gate.max_latency_ratio):
        words.append("no bound set")
    return Finding("latency", passed, f"{'' if passed else 'too slow: '}{', '.join(words)}")


def judge_parity(parity: Parity | Missing) -> Finding:
    """The served format must say what Keras says."""
    if isinstance(parity, Missing):
        return _not_measured("parity with Keras", parity)
    if parity.precision != "f32":
        words = f"the export found that {parity.precision} answers like f32 ({parity.max_difference:.1e} at most)"
        return Finding("parity", True, words)
    passed = parity.max_difference <= parity.bound
    return Finding(
        "parity",
        passed,
        f"the served format is {'within' if passed else 'beyond'} {parity.bound:g} of Keras "
        f"(largest difference of a probability {parity.max_difference:.1e})",
    )


def judge_audit(errors: tuple[str, ...] | Missing) -> Finding:
    """Pictures with an `error` in their audit judge nothing."""
    if isinstance(errors, Missing):
        return _not_measured("audit", errors)
    return Finding(
        "audit",
        not errors,
        f"the audit found errors: {' '.join(errors)}" if errors else "the audit found no error",
    )


def judge_dataset(dataset: DatasetOrder | Missing) -> Finding:
    """A version trained on older pictures than production's would forget what was mended since."""
    if isinstance(dataset, Missing):
        return _not_measured("dataset version", dataset)
    words = {
        "first": "no production version to compare the dataset with",
        "same": "trained on the dataset version that production was trained on",
        "newer": "trained on a newer dataset version than production",
        "older": "trained on an older dataset version than production",
    }[dataset.relation]
    known = f" ({dataset.how_known})" if dataset.how_known else ""
    return Finding("dataset", dataset.relation != "older", words + known)


def _say(chance: float) -> str:
    return f"p {chance:.3f}" if chance >= 0.001 else "p below 0.001"


def _not_measured(what: str, missing: Missing) -> Finding:
    return Finding(what, False, f"{what} could not be measured: {missing.reason}")

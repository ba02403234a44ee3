import pytest

from pipelines.evaluation.metrics import Report
from pipelines.promotion import decide_promotion
from pipelines.stage_params import PromoteParams

GATE = PromoteParams(majority_margin=0.05, macro_f1_margin=0.01)


def report(accuracy: float, macro_f1: float, majority_share: float = 0.5) -> Report:
    return Report(accuracy, macro_f1, log_loss=0.3, ece=0.02, majority_share=majority_share, pictures=100)


@pytest.mark.parametrize(("accuracy", "passed"), [(0.56, True), (0.55, False), (0.4, False)])
def test_the_first_version_must_beat_the_majority_class_by_the_margin(accuracy: float, passed: bool) -> None:
    decision = decide_promotion(report(accuracy, macro_f1=0.9), None, GATE)

    assert decision.passed is passed


@pytest.mark.parametrize(("macro_f1", "passed"), [(0.83, True), (0.81, False), (0.7, False)])
def test_a_later_version_must_beat_productions_macro_f1_by_the_margin(macro_f1: float, passed: bool) -> None:
    decision = decide_promotion(report(0.99, macro_f1), report(0.8, macro_f1=0.8), GATE)

    assert decision.passed is passed


def test_the_same_figures_again_are_no_improvement_even_without_a_margin() -> None:
    same = report(0.9, 0.9)

    assert not decide_promotion(same, same, PromoteParams()).passed


def test_the_reasons_carry_the_figures_that_decided() -> None:
    (reason,) = decide_promotion(report(0.9, 0.7), report(0.8, 0.8), GATE).reasons

    assert "0.700" in reason
    assert "0.800" in reason
    assert "not above" in reason


def test_a_version_that_no_longer_knows_classes_of_production_is_refused_however_good() -> None:
    decision = decide_promotion(report(0.99, 0.99), report(0.8, 0.8), GATE, gone=("audi", "bmw"))

    assert not decision.passed
    assert "no longer knows audi, bmw" in decision.reasons[0]
    assert "`vigia promote`" in decision.reasons[0]


def test_of_many_classes_that_are_gone_five_are_named() -> None:
    gone = [f"class_{number}" for number in range(7)]

    (reason,) = decide_promotion(report(0.9, 0.9), report(0.8, 0.8), GATE, gone).reasons

    assert "class_4 and 2 more" in reason
    assert "class_5" not in reason

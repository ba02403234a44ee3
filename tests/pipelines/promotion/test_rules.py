from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.promotion.evidence import ClassPair, DatasetOrder, Evidence, Measured, Missing, Parity
from pipelines.promotion.rules import Asker, decide_promotion
from pipelines.stage_params import PromoteParams
from tests.pipelines.promotion.made import evidence, figures, first, one_class, pair

GATE = PromoteParams()


def passes(what: Evidence, asker: Asker = "training", **params: Any) -> bool:
    return decide_promotion(what, PromoteParams(**params), asker).passed


@pytest.mark.parametrize(("accuracy", "passed"), [(0.56, True), (0.55, False), (0.4, False)])
def test_the_first_version_must_beat_the_majority_class_by_the_margin(accuracy: float, passed: bool) -> None:
    assert passes(first(accuracy), majority_margin=0.05) is passed


def test_a_gain_that_chance_does_not_explain_is_promoted_by_a_training() -> None:
    decision = decide_promotion(evidence(pair(12, 2)), GATE)

    assert decision.passed
    assert decision.reasons[0].startswith(
        "better: 12 of 200 test pictures better and 2 worse than production version 1 (accuracy 0.800 -> 0.850"
    )


def test_a_candidate_that_forgot_classes_of_production_is_no_training_s_to_promote_but_a_person_s() -> None:
    forgetful = evidence(pair(30, 0, gone=tuple("abcdefg")))

    decision = decide_promotion(forgetful, GATE)

    assert not decision.passed
    assert decision.reasons[0].startswith("it no longer knows a, b, c, d, e and 2 more, which production knows")
    assert passes(forgetful, "person")


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 3), (4, 0), (8, 3)])
def test_what_may_be_chance_is_not_promoted_by_a_training_but_a_person_may(better: int, worse: int) -> None:
    decision = decide_promotion(evidence(pair(better, worse)), GATE)

    assert not decision.passed
    assert "`vigia promote cars 2` asks only that it is not worse" in decision.reasons[0]
    assert passes(evidence(pair(better, worse)), "person")


def test_a_refusal_states_the_least_gain_that_would_have_passed() -> None:
    (reason,) = decide_promotion(evidence(pair(8, 3)), GATE).reasons
    assert "of 11 pictures that differ it takes a lead of 7 (+0.035)" in reason

    (reason,) = decide_promotion(evidence(pair(4, 0)), GATE).reasons
    assert "4 pictures that differ are too few to tell" in reason


def test_a_gain_below_the_least_that_is_asked_is_refused_however_sure() -> None:
    assert passes(evidence(pair(5, 0)), min_gain=0.02)
    assert not passes(evidence(pair(5, 0)), min_gain=0.03)


@pytest.mark.parametrize(
    ("better", "worse", "passed"), [(0, 5, False), (2, 8, True), (1, 8, False), (20, 27, False), (20, 26, True)]
)
def test_a_person_may_promote_what_loses_little_and_only_by_chance(better: int, worse: int, passed: bool) -> None:
    assert passes(evidence(pair(better, worse)), "person") is passed


def test_a_training_asks_no_more_than_a_person_where_the_params_say_so() -> None:
    assert passes(evidence(pair(3, 3)), rule="not_worse")
    assert not passes(evidence(pair(0, 9)), rule="not_worse")


@given(better=st.integers(0, 60), worse=st.integers(0, 60))
def test_what_a_training_promotes_a_person_may_promote_and_one_picture_more_refuses_neither(
    better: int, worse: int
) -> None:
    measured, more = evidence(pair(better, worse)), evidence(pair(better + 1, worse))

    for asker in ("training", "person"):
        assert passes(more, asker) >= passes(measured, asker)
    assert passes(measured, "person") >= passes(measured, "training")


def test_a_class_that_is_given_up_for_the_others_refuses_the_version() -> None:
    lost = evidence(pair(20, 8, classes=(one_class(0.9, 0.5),)))

    decision = decide_promotion(lost, GATE)

    assert decision.reasons == (
        "classes that lose too much: bmw recall 0.900 -> 0.500, more than 0.2 lost (p 0.004, 20 pictures)",
    )
    assert passes(lost, class_max_loss=0.5)
    assert passes(lost, class_pictures=21)


def test_a_class_that_loses_by_chance_refuses_nothing() -> None:
    assert passes(evidence(pair(20, 8, classes=(ClassPair("bmw", 10, 0.6, 0.9, 2, 5),))))


def test_a_class_below_its_floor_refuses_the_first_version_too() -> None:
    measured = Measured(100, 0, 0.5, figures(1, 0.9), None, 0, 0, (ClassPair("bmw", 20, 0.1, None, 0, 0),))
    what = evidence(measured, dataset=DatasetOrder("first", ""))

    assert passes(what)
    assert not passes(what, class_floor=0.2)


def test_confidences_that_mean_nothing_are_refused_where_chance_does_not_explain_them() -> None:
    wild = figures(2, 0.85, ece=0.2, ece_by_chance=0.05)
    assert not passes(evidence(pair(12, 2, candidate=wild)))
    assert passes(evidence(pair(12, 2, candidate=wild)), max_ece=0.25)
    assert passes(evidence(pair(12, 2, candidate=replace(wild, ece_by_chance=0.21))))


@pytest.mark.parametrize(("refused", "knowable", "passed"), [(30, 200, True), (60, 200, False), (3, 10, True)])
def test_a_version_that_refuses_what_it_should_know_is_refused(refused: int, knowable: int, passed: bool) -> None:
    shy = figures(2, 0.85, refused=refused, knowable=knowable)

    assert passes(evidence(pair(12, 2, candidate=shy))) is passed


def test_a_latency_has_no_bound_until_one_is_set() -> None:
    slow = evidence(pair(12, 2, candidate=figures(2, 0.85, milliseconds=50.0)))

    assert passes(slow)
    assert not passes(slow, max_latency_ms=40)
    assert not passes(slow, max_latency_ratio=2)
    assert passes(slow, max_latency_ms=50, max_latency_ratio=10)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parity": Parity(0.01, 1e-3)}, "beyond 0.001 of Keras"),
        ({"audit_errors": ("leaks: 3 pairs.",)}, "the audit found errors: leaks: 3 pairs."),
        ({"dataset": DatasetOrder("older", "by git's history")}, "older dataset version than production (by git"),
        ({"rolled_back": "by ana: it barks"}, "taken out of production before: by ana: it barks"),
    ],
)
def test_whatever_refuses_says_so(changes: dict[str, Any], words: str) -> None:
    (reason,) = decide_promotion(evidence(**changes), GATE).reasons

    assert words in reason


def test_a_person_may_promote_again_what_was_rolled_back() -> None:
    assert passes(evidence(rolled_back="by ana"), "person")


@pytest.mark.parametrize("what", ["measured", "parity", "audit_errors", "dataset"])
def test_what_could_not_be_measured_refuses_with_its_reason(what: str) -> None:
    for asker in ("training", "person"):
        decision = decide_promotion(evidence(**{what: Missing("the files are gone")}), GATE, asker)

        assert not decision.passed
        assert decision.reasons[0].endswith("could not be measured: the files are gone")


def test_a_refusal_names_everything_that_is_wrong_and_keeps_what_the_other_rules_found() -> None:
    wrong = evidence(pair(0, 30), parity=Parity(1, 1e-3), audit_errors=("leaks: 1 pair.",), dataset=Missing("no git"))

    decision = decide_promotion(wrong, GATE)

    assert len(decision.reasons) == 4
    assert [finding.passed for finding in decision.findings] == [False] * 4 + [True] * 4
    assert {finding.rule for finding in decision.findings} >= {"pair", "classes", "calibration", "unknown", "latency"}

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.shadow_params import ShadowParams
from stream.shadow.judging.answers import Answers, NetworkTimes, Times
from stream.shadow.judging.comparison import compare_answers
from stream.shadow.judging.labels import judge_labels
from stream.shadow.judging.verdict import decide

PARAMS = ShadowParams()
TIMES = (Times(20, 900),)
FAST = NetworkTimes((2.0,), (2.0,))


def made(same: int = 2000, other: int = 0, refused: int = 0) -> tuple[Answers, ...]:
    return (
        Answers("gate", "Volvo", "Volvo", same),
        Answers("gate", "Volvo", "Saab", other),
        Answers("gate", "Volvo", "unknown", refused),
    )


def verdict(same: int = 2000, other: int = 0, refused: int = 0, network: NetworkTimes = FAST) -> str:
    return decide(compare_answers(made(same, other, refused), TIMES, network), None, PARAMS).decision


def test_a_challenger_that_behaves_as_production_does_may_be_promoted() -> None:
    found = decide(compare_answers(made(2000, 10), TIMES, FAST), None, PARAMS)

    assert found.decision == "promote"
    assert found.reasons == (
        "2,010 frames answered by both",
        "unknown: 0.0% of the frames (0.0% to 0.2%), production 0.0%",
        "processor time for a frame: 2.00 ms, production 2.00 ms",
        "agreement: 99.5% (99.1% to 99.7%): they behave alike",
    )


@pytest.mark.parametrize(
    ("same", "other", "refused", "network", "decision"),
    [
        (999, 0, 0, FAST, "undecided"),
        (1000, 0, 0, FAST, "promote"),
        (980, 20, 0, FAST, "undecided"),  # 98 %, but not surely
        (1900, 100, 0, FAST, "undecided"),
        (1900, 0, 100, FAST, "keep production"),
        (2000, 0, 45, FAST, "undecided"),  # above the limit, perhaps by chance
        (2000, 0, 0, NetworkTimes((2.0,), (3.1,)), "keep production"),
        (2000, 0, 0, NetworkTimes((2.0,), (3.0,)), "promote"),
        (2000, 0, 0, NetworkTimes((), (2.0,)), "undecided"),
        (10, 0, 900, NetworkTimes((2.0,), (9.0,)), "undecided"),  # too few frames decide nothing
    ],
)
def test_a_limit_is_passed_surely_or_not_at_all(
    same: int, other: int, refused: int, network: NetworkTimes, decision: str
) -> None:
    assert verdict(same, other, refused, network) == decision


@pytest.mark.parametrize(
    ("better", "worse", "decision"), [(20, 2, "promote"), (2, 20, "keep production"), (6, 5, "undecided")]
)
def test_where_they_differ_a_labelled_sample_decides(better: int, worse: int, decision: str) -> None:
    answers = {f"f{n}": ("Volvo", "Saab") for n in range(better + worse)}
    labels = {f"f{n}": "Saab" if n < better else "Volvo" for n in range(better + worse)}

    found = decide(compare_answers(made(1900, 100), TIMES, FAST), judge_labels(labels, answers), PARAMS)

    assert found.decision == decision
    assert f"the challenger alone is right on {better}, production alone on {worse}" in found.reasons[-1]


def test_labels_that_speak_against_the_challenger_go_before_agreement() -> None:
    answers = {f"f{n}": ("Volvo", "Saab") for n in range(12)}
    sample = judge_labels(dict.fromkeys(answers, "Volvo"), answers)

    assert decide(compare_answers(made(5000, 12), TIMES, FAST), sample, PARAMS).decision == "keep production"


def test_no_bound_on_the_processor_time_is_no_part_of_the_rule() -> None:
    slow = NetworkTimes((2.0,), (50.0,))
    found = decide(compare_answers(made(), TIMES, slow), None, ShadowParams(max_latency_ratio=0))

    assert found.decision == "promote"
    assert len(found.reasons) == 3


@given(st.integers(0, 5000), st.integers(0, 200), st.integers(0, 200))
def test_more_equal_answers_never_turn_a_promotion_into_another_verdict(same: int, other: int, refused: int) -> None:
    if same + other + refused and verdict(same, other, refused) == "promote":
        assert verdict(same + 500, other, refused) == "promote"

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.consensus.voting import Consensus, Vote, decide, name_policy
from pipelines.consensus_params import ConsensusParams

LABELS = ("bart", "lisa", "marge")
shares = st.floats(0, 1, allow_nan=False)
votes = st.builds(Vote, st.sampled_from(LABELS), shares, st.booleans(), shares)
windows = st.lists(votes, max_size=12)
policies = st.builds(
    ConsensusParams,
    agreement=st.floats(0.01, 1),
    min_confidence=shares,
    min_frames=st.integers(1, 6),
    weights=st.sampled_from(["none", "confidence", "area"]),
)
ONE_EACH = ConsensusParams(agreement=0.6, min_confidence=0.5, min_frames=3, weights="none")


def say(words: str, confidence: float = 0.9) -> list[Vote]:
    """`bbl?`: a letter a frame; `?` is an unknown one that looks most like marge."""
    names = {"b": "bart", "l": "lisa", "m": "marge", "?": "marge"}
    return [Vote(names[letter], confidence, letter != "?") for letter in words]


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("bbb", "bart"),
        ("bbbll", "bart"),  # three of five are 0.6
        ("bbbll?", None),  # an unknown frame weighs too
        ("bb", None),  # too few
        ("bbll", None),
        ("???", None),
        ("", None),
    ],
)
def test_a_label_is_agreed_on_when_enough_of_enough_frames_say_it(words: str, label: str | None) -> None:
    assert decide(say(words), ONE_EACH).label == label


def test_two_labels_of_the_same_weight_are_no_agreement() -> None:
    half = replace_policy(agreement=0.5)

    assert decide(say("bbll"), half) == Consensus(None, None, 4, "bart", 0.5)
    assert decide(say("bbl"), half).label == "bart"


def test_the_confidence_is_that_of_the_frames_that_say_the_label() -> None:
    window = [*say("bb", 0.9), *say("b", 0.6), *say("l", 0.99)]

    assert decide(window, ONE_EACH).confidence == pytest.approx(0.8)
    assert decide(window, replace_policy(min_confidence=0.81)).label is None
    assert decide(window, replace_policy(weights="confidence")).confidence == pytest.approx(
        (0.81 * 2 + 0.36) / (0.9 * 2 + 0.6)
    )


def test_what_takes_up_more_of_the_picture_weighs_more_by_area_alone() -> None:
    window = [Vote("bart", 0.9, area=0.5), Vote("lisa", 0.9, area=0.1), Vote("lisa", 0.9, area=0.1)]

    assert decide(window, replace_policy(weights="area")).label == "bart"
    assert decide(window, ONE_EACH).label == "lisa"
    assert decide([replace(vote, area=1.0) for vote in window], replace_policy(weights="area")).label == "lisa"


@given(windows, policies, st.randoms())
def test_the_order_of_frames_is_no_matter(window: list[Vote], policy: ConsensusParams, random: object) -> None:
    shuffled = list(window)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random

    assert decide(shuffled, policy) == decide(window, policy)


@given(windows, policies)
def test_no_label_is_agreed_on_that_no_frame_knows(window: list[Vote], policy: ConsensusParams) -> None:
    consensus = decide(window, policy)

    assert consensus.label in {None, *(vote.label for vote in window if vote.known)}
    assert consensus.label in {None, consensus.leader}
    assert (consensus.confidence is None) == (consensus.label is None)
    assert 0 <= consensus.share <= 1


@given(st.lists(shares, min_size=1, max_size=12), policies)
def test_frames_of_one_mind_are_believed_when_they_are_enough_and_sure(
    sure: list[float], policy: ConsensusParams
) -> None:
    consensus = decide([Vote("lisa", each) for each in sure], policy)

    assert consensus.share == 1
    if len(sure) >= policy.min_frames and min(sure) > policy.min_confidence + 1e-6:
        assert consensus.label == "lisa"
    if len(sure) < policy.min_frames or max(sure) < policy.min_confidence - 1e-6:
        assert consensus.label is None


@given(windows, policies)
def test_one_more_frame_that_is_as_sure_of_the_label_never_ends_an_agreement(
    window: list[Vote], policy: ConsensusParams
) -> None:
    before = decide(window, policy)
    if before.label is not None:
        assert decide([*window, Vote(before.label, 1.0)], policy).label == before.label


@given(windows, policies, st.floats(0, 1))
def test_who_asks_for_less_agreement_hears_no_other_label(
    window: list[Vote], policy: ConsensusParams, factor: float
) -> None:
    less = policy.model_copy(update={"agreement": max(0.001, policy.agreement * factor)})
    strict, loose = decide(window, policy), decide(window, less)

    assert strict.label in {None, loose.label}
    if policy.agreement > 0.5 and strict.label:
        assert strict.share > 0.5


@given(windows, policies)
def test_twice_the_same_frames_agree_on_the_same(window: list[Vote], policy: ConsensusParams) -> None:
    once, twice = decide(window, policy), decide(window * 2, policy)

    assert (twice.leader, twice.share) == (once.leader, once.share)
    assert once.label in {None, twice.label}


def test_a_policy_is_named_by_its_number_and_by_everything_that_decides() -> None:
    name = name_policy(ConsensusParams())

    assert name == name_policy(ConsensusParams(policy=2))
    assert name.startswith("2-")
    assert len(name) == 10
    others = ({"policy": 3}, {"window_seconds": 1.5}, {"weights": "none"}, {"min_frames": 4}, {"agreement": 0.55})
    assert len({name, *(name_policy(replace_policy(**other)) for other in others)}) == 6


def replace_policy(**changes: object) -> ConsensusParams:
    return ConsensusParams.model_validate({**ONE_EACH.model_dump(), **changes})

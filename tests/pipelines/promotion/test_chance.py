import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.promotion.chance import (
    calibration_error_by_chance,
    chance_of_gain,
    chance_of_loss,
    chance_of_more,
    least_gain,
)

COUNTS = st.integers(0, 200)


def test_a_gain_is_as_probable_by_chance_as_so_many_heads_of_so_many_tosses() -> None:
    assert chance_of_gain(5, 0) == pytest.approx(1 / 32)
    assert chance_of_gain(0, 5) == 1
    assert chance_of_gain(0, 0) == chance_of_loss(0, 0) == 1
    assert chance_of_gain(2, 1) == pytest.approx(0.5)


@given(better=COUNTS, worse=COUNTS)
def test_gain_and_loss_mirror_each_other_and_never_both_surprise(better: int, worse: int) -> None:
    assert chance_of_loss(better, worse) == chance_of_gain(worse, better)
    assert chance_of_gain(better, worse) + chance_of_loss(better, worse) >= 1 - 1e-9


@given(differing=COUNTS, alpha=st.sampled_from([0.01, 0.05, 0.1]))
def test_the_least_gain_is_the_smallest_lead_that_chance_does_not_explain(differing: int, alpha: float) -> None:
    lead = least_gain(differing, alpha)

    if lead is None:
        assert chance_of_gain(differing, 0) >= alpha
        return
    assert (differing - lead) % 2 == 0
    assert chance_of_gain((differing + lead) // 2, (differing - lead) // 2) < alpha
    assert chance_of_gain((differing + lead) // 2 - 1, (differing - lead) // 2 + 1) >= alpha


def test_a_share_above_its_bound_may_be_chance_when_there_are_few_pictures() -> None:
    assert chance_of_more(3, 10, 0.2) > 0.05
    assert chance_of_more(300, 1000, 0.2) < 1e-9
    assert chance_of_more(0, 10, 0.2) == 1


def test_few_pictures_give_a_calibration_error_by_chance_and_many_do_not() -> None:
    random = np.random.default_rng(3)

    def judge(pictures: int, honesty: float) -> tuple[float, float]:
        confidence = random.uniform(0.5, 1, pictures)
        return calibration_error_by_chance(random.random(pictures) < confidence * honesty, confidence, 15)

    few, by_chance = judge(40, honesty=1)
    assert few > 0.05
    assert few < by_chance
    many, by_chance = judge(5000, honesty=1)
    assert many < by_chance < 0.05
    dishonest, by_chance = judge(200, honesty=0.6)
    assert dishonest > by_chance


def test_a_model_that_is_right_as_often_as_it_says_has_no_calibration_error() -> None:
    error, _ = calibration_error_by_chance(np.array([True, True, True, False]), np.full(4, 0.75), 15)

    assert error == pytest.approx(0)

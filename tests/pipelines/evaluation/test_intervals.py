import numpy as np
import pytest

from pipelines.evaluation.intervals import bootstrap_interval, mcnemar_exact


def test_the_interval_of_an_accuracy_has_the_width_that_theory_gives() -> None:
    right = np.arange(400) % 10 != 0

    interval = bootstrap_interval(lambda chosen: float(right[chosen].mean()), 400)

    margin = 1.96 * (0.9 * 0.1 / 400) ** 0.5
    assert interval.value == pytest.approx(0.9)
    assert interval.low == pytest.approx(0.9 - margin, abs=0.01)
    assert interval.high == pytest.approx(0.9 + margin, abs=0.01)


def test_the_same_pictures_give_the_same_interval() -> None:
    right = np.arange(50) % 3 == 0

    first, second = (bootstrap_interval(lambda chosen: float(right[chosen].mean()), 50) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(("better", "worse", "expected"), [(0, 0, 1), (5, 5, 1), (10, 0, 2 / 1024), (1, 5, 14 / 64)])
def test_mcnemars_p_value_is_the_binomial_one(better: int, worse: int, expected: float) -> None:
    assert mcnemar_exact(better, worse) == pytest.approx(expected)

import numpy as np
import pytest

from pipelines.rebuilding.comparing import (
    Difference,
    compare_environments,
    compare_metrics,
    compare_predictions,
)


def test_metrics_within_the_tolerance_are_the_same() -> None:
    assert compare_metrics({"accuracy": 0.9}, {"accuracy": 0.90005}, 0.0001) == ()
    assert compare_metrics({"accuracy": 0.9}, {"accuracy": 0.91}, 0.0001) == (Difference("metric accuracy", 0.9, 0.91),)


@pytest.mark.parametrize("expected", [{}, {"ece": float("nan")}])
def test_a_metric_that_one_side_lacks_or_that_is_no_number_differs(expected: dict[str, float]) -> None:
    (found,) = compare_metrics(expected, {"ece": 0.1}, 0.5)

    assert found.what == "metric ece"


def test_only_what_was_recorded_of_the_environment_is_compared() -> None:
    now = {"keras": "3.16.0", "Python": "3.11.9"}

    assert compare_environments({"keras": "3.15.0", "Python": "3.11.9"}, now) == (
        Difference("keras", "3.15.0", "3.16.0"),
    )
    assert compare_environments({"tensorflow": "2.21.0"}, now) == (Difference("tensorflow", "2.21.0", None),)


def test_the_picture_furthest_apart_is_named_first() -> None:
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]], np.float32)
    after = np.array([[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]], np.float32)

    found = compare_predictions("test", ["a.jpg", "b.jpg", "c.jpg"], ("bmw", "audi"), before, after, 0.05)

    assert [each.what for each in found.differences] == ["prediction of b.jpg", "prediction of a.jpg"]
    assert found.differences[0].expected == "bmw 0.600000"
    assert found.differences[0].received == "audi 0.800000"
    assert found.max_difference == pytest.approx(0.4)
    assert found.top1_agreement == pytest.approx(2 / 3)

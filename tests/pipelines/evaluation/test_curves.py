import numpy as np
import pytest

from pipelines.evaluation.curves import MOST_POINTS, risk_coverage, threshold_curves


def test_a_perfect_model_has_areas_of_one() -> None:
    labels = np.array([0, 1, 2, 0])

    curves = threshold_curves(labels, np.eye(3)[labels])

    assert [each.label_index for each in curves] == [0, 1, 2]
    assert [(each.auc, each.average_precision) for each in curves] == [(1, 1)] * 3


def test_a_class_without_pictures_has_no_curve() -> None:
    curves = threshold_curves(np.array([0, 1]), np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1]]))

    assert [each.label_index for each in curves] == [0, 1]


def test_curves_run_from_corner_to_corner_in_few_points() -> None:
    random = np.random.default_rng(1)
    labels, probabilities = random.integers(0, 2, 5000), random.dirichlet((1, 1), 5000)

    first, _ = threshold_curves(labels, probabilities)

    assert (first.roc[0], first.roc[-1]) == ((0, 0), (1, 1))
    assert len(first.roc) <= MOST_POINTS
    assert first.auc == pytest.approx(0.5, abs=0.03)


def test_the_risk_falls_when_only_the_surest_pictures_are_answered() -> None:
    labels = np.array([0, 0, 0, 0])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])

    curve = risk_coverage(labels, probabilities)

    assert curve == ((0.25, 0), (0.5, 0), (0.75, 0), (1, 0.25))

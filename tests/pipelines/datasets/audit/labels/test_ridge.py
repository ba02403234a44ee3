import numpy as np
import pytest

from pipelines.datasets.audit.labels.ridge import PENALTY, score_labels


def test_the_answer_is_that_of_ridge_regression_fitted_on_the_other_folds() -> None:
    """Against the same thing done the plain way, fold by fold."""
    rng = np.random.default_rng(0)
    features = rng.normal(1, 2, (300, 12)).astype(np.float16)
    labels, folds = rng.integers(0, 3, 300), rng.integers(0, 4, 300)

    scores = score_labels(features, labels, folds, classes=3)

    plain = np.empty((300, 3))
    rows, wanted = features.astype(np.float64), np.eye(3)[labels]
    for fold in range(4):
        seen = folds != fold
        mean, spread = rows[seen].mean(axis=0), rows[seen].std(axis=0) + 1e-3
        scaled = (rows - mean) / spread
        prior = wanted[seen].mean(axis=0)
        products = scaled[seen].T @ scaled[seen] + PENALTY * np.eye(12)
        solved = np.linalg.solve(products, scaled[seen].T @ (wanted[seen] - prior))
        plain[~seen] = scaled[~seen] @ solved + prior
    assert scores == pytest.approx(plain, abs=1e-4)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    features = np.ones((40, 3), np.float16)

    scores = score_labels(features, np.arange(40) % 2, np.arange(40) % 5, classes=2)

    assert np.isfinite(scores).all()


def test_pictures_of_a_single_fold_are_answered_by_nobody() -> None:
    scores = score_labels(np.ones((4, 2), np.float16), np.array([0, 1, 0, 1]), np.zeros(4, np.int_), classes=2)

    assert (scores == 0.5).all()

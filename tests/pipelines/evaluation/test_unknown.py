import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from pipelines.evaluation.unknown import (
    auroc,
    fit_thresholds,
    nearest_distances,
    normalise_features,
    unknown_score,
)

RANDOM = np.random.default_rng(5)
REFERENCE = normalise_features(RANDOM.normal(size=(700, 16)))
FEATURES = normalise_features(RANDOM.normal(size=(60, 16)))


def test_distances_are_those_of_the_fifth_nearest_training_feature() -> None:
    expected = NearestNeighbors(n_neighbors=5).fit(REFERENCE).kneighbors(FEATURES)[0][:, 4]

    assert nearest_distances(FEATURES, REFERENCE) == pytest.approx(expected, abs=1e-3)


def test_a_few_pictures_are_as_far_away_as_among_many() -> None:
    many = nearest_distances(FEATURES, REFERENCE)

    for start in range(0, 60, 7):
        few = nearest_distances(FEATURES[start : start + 7], REFERENCE)
        assert few == pytest.approx(many[start : start + 7], abs=1e-6)


def test_a_training_picture_does_not_count_as_its_own_neighbour() -> None:
    expected = NearestNeighbors(n_neighbors=6).fit(REFERENCE).kneighbors(REFERENCE)[0][:, 5]

    assert nearest_distances(REFERENCE, REFERENCE, leave_self_out=True) == pytest.approx(expected, abs=1e-3)


def test_with_fewer_training_pictures_than_five_the_last_one_counts() -> None:
    two = REFERENCE[:2]

    distances = nearest_distances(FEATURES, two)

    assert distances == pytest.approx(np.linalg.norm(FEATURES[:, None] - two[None], axis=2).max(axis=1), abs=1e-3)


def test_the_thresholds_refuse_at_most_the_stated_share_of_known_pictures() -> None:
    confidence, distance = RANDOM.uniform(0.5, 1, 2000), RANDOM.uniform(0, 1, 2000)

    thresholds = fit_thresholds(confidence, distance, 0.05)

    refused = 1 - thresholds.knows(confidence, distance).mean()
    assert 0.045 <= refused <= 0.05


def test_signs_that_agree_may_each_refuse_the_whole_share() -> None:
    sure = RANDOM.uniform(0, 1, 2000)

    thresholds = fit_thresholds(sure, 1 - sure, 0.05)

    assert thresholds.confidence == pytest.approx(np.quantile(sure, 0.05), abs=0.005)


def test_the_score_is_above_1_exactly_where_the_thresholds_refuse() -> None:
    confidence, distance = RANDOM.uniform(0.3, 1, 500), RANDOM.uniform(0, 1.2, 500)
    thresholds = fit_thresholds(confidence, distance, 0.1)

    score = unknown_score(confidence, distance, thresholds)

    assert ((score > 1) == ~thresholds.knows(confidence, distance)).mean() > 0.995


def test_auroc_agrees_with_scikit_learn_ties_included() -> None:
    known, unknown = RANDOM.integers(0, 6, 80), RANDOM.integers(2, 9, 50)

    expected = roc_auc_score([0] * 80 + [1] * 50, np.concatenate([known, unknown]))

    assert auroc(known.astype(float), unknown.astype(float)) == pytest.approx(expected)

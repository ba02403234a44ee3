import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

from pipelines.evaluation.unknown import (
    UnknownThresholds,
    auroc,
    fit_clouds,
    fit_thresholds,
    measure_doubt,
    normalise_features,
)

RANDOM = np.random.default_rng(5)
LABELS = np.repeat([0, 1, 2], 100)
TRAINING = normalise_features(np.eye(8)[LABELS] + RANDOM.normal(0, 0.15, (300, 8)) * np.linspace(0.2, 1, 8))


def make_known(pictures: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of five classes and distances."""
    return RANDOM.dirichlet(np.full(5, 0.1), pictures), RANDOM.normal(10, 2, pictures)


def test_a_distance_is_that_of_mahalanobis_to_the_nearest_class() -> None:
    picture = normalise_features(RANDOM.normal(size=(1, 8)))
    centres = [TRAINING[label == LABELS].mean(axis=0) for label in range(3)]
    shape = LedoitWolf(assume_centered=True).fit(TRAINING - np.array(centres)[LABELS]).covariance_
    expected = min(mahalanobis(picture[0], centre, np.linalg.inv(shape)) for centre in centres)

    assert fit_clouds(TRAINING, LABELS).distances(picture) == pytest.approx([expected], rel=1e-3)


def test_a_few_pictures_are_as_far_away_as_among_many() -> None:
    pictures = normalise_features(RANDOM.normal(size=(60, 8)))
    clouds = fit_clouds(TRAINING, LABELS)

    few = np.concatenate([clouds.distances(pictures[start : start + 7]) for start in range(0, 60, 7)])

    assert few == pytest.approx(clouds.distances(pictures), rel=1e-3)


def test_a_picture_in_which_nothing_is_seen_is_farther_than_any_other() -> None:
    clouds = fit_clouds(TRAINING, LABELS)
    probabilities, distance = make_known(200)
    thresholds = fit_thresholds(probabilities, distance, 0.03)

    nothing = clouds.distances(np.zeros((1, 8), np.float32))

    assert nothing == np.inf
    assert not thresholds.knows(np.eye(5)[:1], nothing).any()


def test_training_pictures_that_are_all_the_same_are_known_and_no_others() -> None:
    clouds = fit_clouds(np.tile(TRAINING[:1], (10, 1)), np.zeros(10, np.int64))

    same, other = clouds.distances(TRAINING[[0, 150]])

    assert same < 1 < other


def test_doubt_goes_from_one_sure_class_to_any_class() -> None:
    sure, two, three, any_of_them = measure_doubt(
        np.array([[1, 0, 0, 0], [0.6, 0.4, 0, 0], [0.6, 0.2, 0.2, 0], [0.25, 0.25, 0.25, 0.25]])
    )

    assert sure < 0.01
    assert sure < two < three < any_of_them
    assert any_of_them == pytest.approx(1)


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.2])
def test_the_thresholds_refuse_at_most_the_stated_share_of_known_pictures(rate: float) -> None:
    probabilities, distance = make_known(2000)

    thresholds = fit_thresholds(probabilities, distance, rate)

    assert rate - 0.002 <= 1 - thresholds.knows(probabilities, distance).mean() <= rate


def test_either_sign_alone_refuses_a_picture() -> None:
    probabilities, distance = make_known(500)
    thresholds = fit_thresholds(probabilities, distance, 0.03)
    sure, doubtful = np.eye(5)[:1], np.full((1, 5), 0.2)

    assert thresholds.knows(sure, np.array([10.0])).all()
    assert not thresholds.knows(sure, np.array([30.0])).any()
    assert not thresholds.knows(doubtful, np.array([10.0])).any()


def test_a_distance_that_known_pictures_have_too_adds_nothing() -> None:
    thresholds = UnknownThresholds(0.1, 0.5, usual_distance=10, high_distance=14, limit=1)
    sure = np.eye(5)[[0, 0]]

    near, usual = thresholds.strangeness(sure, np.array([5.0, 14.0]))

    assert near == usual


def test_known_pictures_that_are_all_alike_are_known() -> None:
    probabilities, distance = np.eye(2)[np.zeros(20, np.int64)], np.full(20, 3.0)

    assert fit_thresholds(probabilities, distance, 0.03).knows(probabilities, distance).all()


def test_auroc_agrees_with_scikit_learn_ties_included() -> None:
    known, unknown = RANDOM.integers(0, 6, 80), RANDOM.integers(2, 9, 50)

    expected = roc_auc_score([0] * 80 + [1] * 50, np.concatenate([known, unknown]))

    assert auroc(known.astype(float), unknown.astype(float)) == pytest.approx(expected)

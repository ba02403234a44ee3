import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_recall_fscore_support, top_k_accuracy_score
from sklearn.metrics import confusion_matrix as reference_confusion
from sklearn.metrics import log_loss as reference_log_loss

from pipelines.evaluation.calibration import expected_calibration_error, reliability
from pipelines.evaluation.metrics import (
    balanced_accuracy,
    brier_score,
    build_report,
    class_figures,
    confusion_matrix,
    log_loss,
    macro_f1,
    top_accuracy,
)

RANDOM = np.random.default_rng(3)
LABELS = RANDOM.integers(0, 4, 200)
PROBABILITIES = RANDOM.dirichlet(np.ones(4), 200)
PREDICTED = PROBABILITIES.argmax(axis=1)


def test_figures_agree_with_scikit_learn() -> None:
    assert macro_f1(LABELS, PREDICTED, 4) == pytest.approx(f1_score(LABELS, PREDICTED, average="macro"))
    assert log_loss(LABELS, PROBABILITIES) == pytest.approx(reference_log_loss(LABELS, PROBABILITIES))
    assert (confusion_matrix(LABELS, PREDICTED, 4) == reference_confusion(LABELS, PREDICTED)).all()
    assert balanced_accuracy(LABELS, PREDICTED) == pytest.approx(balanced_accuracy_score(LABELS, PREDICTED))
    assert top_accuracy(LABELS, PROBABILITIES, 2) == pytest.approx(top_k_accuracy_score(LABELS, PROBABILITIES, k=2))


def test_each_class_has_the_figures_of_scikit_learn() -> None:
    figures = class_figures(LABELS, PREDICTED, ("a", "b", "c", "d"))

    precision, recall, f1, pictures = precision_recall_fscore_support(LABELS, PREDICTED)
    assert [each.precision for each in figures] == pytest.approx(precision)
    assert [each.recall for each in figures] == pytest.approx(recall)
    assert [each.f1 for each in figures] == pytest.approx(f1)
    assert [each.pictures for each in figures] == list(pictures)


def test_the_brier_score_is_0_for_the_truth_and_2_for_its_opposite() -> None:
    labels = np.array([0, 1])

    assert brier_score(labels, np.eye(2)) == 0
    assert brier_score(labels, np.eye(2)[::-1]) == 2


def test_no_more_than_five_classes_make_the_top_five_certain() -> None:
    assert top_accuracy(LABELS, PROBABILITIES, 5) == 1


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    labels = np.array([0, 0, 0, 1])
    probabilities = np.tile([0.75, 0.25], (4, 1))

    assert expected_calibration_error(labels, probabilities, bins=15) == pytest.approx(0)


def test_a_model_always_sure_and_half_right_has_an_error_of_a_half() -> None:
    labels = np.array([0, 1])
    probabilities = np.tile([1.0, 0.0], (2, 1))

    assert expected_calibration_error(labels, probabilities, bins=15) == pytest.approx(0.5)
    assert reliability(labels, probabilities, bins=15) == [(1.0, 0.5, 2)]


def test_the_report_knows_the_majority_class() -> None:
    report = build_report(np.array([0, 0, 0, 1]), np.tile([0.9, 0.1], (4, 1)))

    assert report.accuracy == report.majority_share == 0.75
    assert report.pictures == 4


def test_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        build_report(np.array([], np.int64), np.zeros((0, 2)))

import json

import numpy as np
import pytest

from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibrating import Calibration, calibrate
from pipelines.evaluation.evaluating import Judged, evaluate_answers
from tests.pipelines.evaluation.made import PARAMS, make_evaluation


def test_the_most_confident_mistakes_come_first_with_their_nearest_training_pictures() -> None:
    evaluation, judged, reference = make_evaluation()

    confidences = [mistake.confidence for mistake in evaluation.mistakes]
    assert len(confidences) == 5
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.label != mistake.answer for mistake in evaluation.mistakes)
    # the clouds lie apart, so what is nearest has the picture's own label, whatever the answer was
    first = evaluation.mistakes[0]
    near = {("cat", "dog")[reference.labels[reference.sha256.index(digest)]] for digest in first.nearest}
    assert near == {first.label}
    assert ("cat", "dog")[judged.labels[first.index]] == first.label


def test_the_interval_of_a_figure_holds_the_figure() -> None:
    evaluation, _, _ = make_evaluation()

    for name in ("accuracy", "macro_f1"):
        interval = evaluation.intervals[name]
        assert interval.low <= interval.value <= interval.high
    assert evaluation.intervals["accuracy"].value == evaluation.report.accuracy


def test_a_handful_answered_without_a_mistake_is_no_certainty() -> None:
    _, judged, reference = make_evaluation()
    chosen = np.flatnonzero(judged.probabilities.argmax(axis=1) == judged.labels)[:23]
    answers = Answers(*(getattr(judged.answers, name)[chosen] for name in ("probabilities", "features", "middle")))
    right = Judged(judged.labels[chosen], answers, answers.probabilities)
    calibration = calibrate(right.labels, answers, reference, PARAMS)

    intervals = evaluate_answers(("cat", "dog"), right, reference, calibration, PARAMS).intervals

    assert (intervals["accuracy"].value, intervals["accuracy"].high) == (1, 1)
    assert intervals["accuracy"].low == pytest.approx(23 / (23 + 1.96**2), abs=1e-3)  # Wilson's, without a mistake
    assert "macro_f1" not in intervals


def test_few_known_pictures_are_refused_and_the_others_are_answered_no_worse() -> None:
    evaluation, _, _ = make_evaluation()

    assert evaluation.calibration is not None
    assert sum(evaluation.calibration.label_shares) == pytest.approx(1)
    assert Calibration.parse(json.loads(json.dumps(evaluation.calibration.document()))) == evaluation.calibration
    assert evaluation.refused < 0.15
    assert evaluation.accuracy_of_known >= evaluation.report.accuracy - 0.02

import csv
import json
from pathlib import Path

import numpy as np

from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibrating import Calibration, calibrate
from pipelines.evaluation.evaluating import Judged, evaluate_answers
from pipelines.evaluation.reference import Reference, choose_reference
from pipelines.evaluation.unknown import normalise_features
from pipelines.stage_params import EvaluateParams
from pipelines.stages.evaluate import write_evaluation

RANDOM = np.random.default_rng(8)


def make_answers(labels: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Answers:
    """Two clouds of features, and probabilities that are right four times of five."""
    centres = np.eye(8, dtype=np.float32)[labels]
    wrong = RANDOM.random(len(labels)) < 0.2
    sure = RANDOM.uniform(0.6, 1, len(labels))
    first = np.where((labels == 0) ^ wrong, sure, 1 - sure)
    features = normalise_features(centres + RANDOM.normal(0, 0.1, centres.shape))
    return Answers(np.stack([first, 1 - first], axis=1).astype(np.float32), features)


def test_every_file_that_dvc_mlflow_and_the_next_stage_read_is_written(tmp_path: Path) -> None:
    params = EvaluateParams(bootstrap_samples=100)
    labels = np.repeat([0, 1], 40)
    train = make_answers(labels)
    reference = choose_reference(train.features, labels, tuple(f"{number:064x}" for number in range(80)))
    calibration = calibrate(labels, make_answers(labels), reference, params)
    answers = make_answers(labels)
    judged = Judged(labels, answers, answers.probabilities)
    evaluation = evaluate_answers(("cat", "dog"), judged, reference, calibration, params)

    write_evaluation(tmp_path, evaluation, judged, reference)

    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] == evaluation.report.accuracy
    stored = json.loads((tmp_path / "calibration.json").read_text(encoding="utf-8"))
    assert Calibration.parse(stored) == calibration
    assert Reference.load(tmp_path / "reference.npz").sha256 == reference.sha256
    with (tmp_path / "confusion.csv").open(encoding="utf-8") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert sum(truth == answer for truth, answer in rows) / 80 == evaluation.report.accuracy
    for name in ("confusion.png", "reliability.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_report_names_the_most_confident_mistakes_first_with_their_nearest_training_pictures() -> None:
    labels = np.repeat([0, 1], 40)
    answers = make_answers(labels)
    reference = choose_reference(make_answers(labels).features, labels, tuple(f"{number:064x}" for number in range(80)))
    params = EvaluateParams(bootstrap_samples=100, mistakes=5)
    calibration = calibrate(labels, make_answers(labels), reference, params)

    evaluation = evaluate_answers(
        ("cat", "dog"), Judged(labels, answers, answers.probabilities), reference, calibration, params
    )

    confidences = [mistake.confidence for mistake in evaluation.mistakes]
    assert len(confidences) == 5
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.label != mistake.answer for mistake in evaluation.mistakes)
    # the clouds lie apart, so what is nearest has the picture's own label, whatever the answer was
    near = {reference.sha256.index(digest) for digest in evaluation.mistakes[0].nearest}
    assert {("cat", "dog")[reference.labels[i]] for i in near} == {evaluation.mistakes[0].label}

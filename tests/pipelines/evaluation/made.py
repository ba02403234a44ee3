"""Answers of a made-up model: two clouds of features, right four times of five."""

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibrating import calibrate
from pipelines.evaluation.evaluating import Evaluation, Judged, evaluate_answers
from pipelines.evaluation.reference import Reference, choose_reference
from pipelines.evaluation.unknown import normalise_features
from pipelines.stage_params import EvaluateParams

LABELS = np.repeat([0, 1], 40)
DIGESTS = tuple(f"{number:064x}" for number in range(80))
PARAMS = EvaluateParams(bootstrap_samples=100, mistakes=5)


def make_answers(labels: NDArray[np.int64], seed: int) -> Answers:
    random = np.random.default_rng(seed)
    centres = np.eye(8, dtype=np.float32)[labels]
    wrong = random.random(len(labels)) < 0.2
    sure = random.uniform(0.6, 1, len(labels))
    first = np.where((labels == 0) ^ wrong, sure, 1 - sure)
    features = normalise_features(centres + random.normal(0, 0.1, centres.shape))
    return Answers(np.stack([first, 1 - first], axis=1).astype(np.float32), features, features)


def make_evaluation() -> tuple[Evaluation, Judged, Reference]:
    """Of 80 pictures of cats and dogs."""
    reference = choose_reference(make_answers(LABELS, 1), LABELS, DIGESTS)
    calibration = calibrate(LABELS, make_answers(LABELS, 2), reference, PARAMS)
    answers = make_answers(LABELS, 3)
    judged = Judged(LABELS, answers, answers.probabilities)
    return evaluate_answers(("cat", "dog"), judged, reference, calibration, PARAMS), judged, reference

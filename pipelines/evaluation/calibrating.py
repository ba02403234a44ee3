"""What validation pictures settle before the test pictures are looked at: temperature and thresholds."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibration import apply_temperature, expected_calibration_error, fit_temperature
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import UnknownThresholds, fit_thresholds
from pipelines.stage_params import EvaluateParams

CALIBRATION_FILE: Final = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one trained model, from its validation split."""

    temperature: float
    unknown: UnknownThresholds
    ece_before: float
    ece_after: float
    false_reject_rate: float
    """Share of the validation pictures that the thresholds refuse."""
    pictures: int
    label_shares: tuple[float, ...] = ()
    """Of each class among the answers to them; empty where it was not kept."""

    def document(self) -> dict[str, Any]:
        """calibration.json."""
        return asdict(self)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "Calibration":
        shares = tuple(document.get("label_shares", ()))
        return cls(**{**document, "unknown": UnknownThresholds(**document["unknown"]), "label_shares": shares})


@dataclass(frozen=True, slots=True)
class Answered:
    """Pictures that the network could not know, and its probabilities before calibration."""

    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating]


def calibrate(
    labels: NDArray[np.int64],
    answers: Answers,
    reference: Reference,
    params: EvaluateParams,
    more: Answered | None = None,
) -> Calibration:
    """`answers` of the network before calibration, to validation pictures; `more` help to fit the temperature."""
    known, probabilities = labels, answers.probabilities
    if more is not None:
        known = np.concatenate([known, more.labels])
        probabilities = np.concatenate([probabilities, more.probabilities])
    temperature = fit_temperature(known, probabilities)
    scaled = apply_temperature(answers.probabilities, temperature)
    distance = reference.clouds.distances(answers.middle)
    unknown = fit_thresholds(scaled, distance, params.false_reject_rate)
    return Calibration(
        temperature=temperature,
        unknown=unknown,
        ece_before=expected_calibration_error(labels, answers.probabilities, params.calibration_bins),
        ece_after=expected_calibration_error(labels, scaled, params.calibration_bins),
        false_reject_rate=float(1 - unknown.knows(scaled, distance).mean()),
        pictures=len(labels),
        label_shares=tuple(float(share) for share in np.eye(scaled.shape[1])[scaled.argmax(axis=1)].mean(axis=0)),
    )

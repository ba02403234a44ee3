"""A registered version measured here and now, in the runtime that serves it; nothing is fitted again."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipelines.artefact import NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.errors import DatasetError, ModelError, RegistryError
from pipelines.evaluation.answering import Answers, Network
from pipelines.evaluation.calibrating import Calibration
from pipelines.evaluation.calibration import apply_temperature, expected_calibration_error
from pipelines.evaluation.evaluating import Evaluation, Judged, evaluate_answers
from pipelines.evaluation.labelled import LabelledPicture, decode_pictures
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.robustness import measure_robustness
from pipelines.evaluation.unknown import UnknownThresholds, auroc, nearest_distances, unknown_score
from pipelines.registry import Registry
from pipelines.stage_params import EvaluateParams


@dataclass(frozen=True, slots=True)
class OpenedVersion:
    """A version's artefact, checked against its registered digest and ready to answer."""

    version: int
    card: ServingCard
    network: Network
    reference: Reference
    size_bytes: int

    @property
    def thresholds(self) -> UnknownThresholds:
        assert self.card.unknown is not None  # open_version refuses a card without  # noqa: S101
        return self.card.unknown


@contextmanager
def open_version(registry: Registry, classifier: str, version: int) -> Iterator[OpenedVersion]:
    """Raises RegistryError for an unknown version, ModelError for an altered artefact or one of an older kind."""
    with tempfile.TemporaryDirectory() as folder:
        artefact = registry.download(classifier, version, Path(folder))
        card = ServingCard.load(artefact)
        if card.unknown is None:
            raise ModelError(
                f"Expected a calibrated artefact, {classifier} version {version} was exported before there were any. "
                f"Run `vigia train {classifier}`."
            )
        network = artefact / NETWORK_FILE
        yield OpenedVersion(
            version=version,
            card=card,
            network=Network(network, (card.image_size, card.image_size)),
            reference=Reference.load(artefact / REFERENCE_FILE),
            size_bytes=sum(file.stat().st_size for file in network.parent.iterdir()),
        )


def choose_version(registry: Registry, classifier: str, wanted: int | None) -> int:
    """`wanted`, else production, else the newest. Raises RegistryError when there is none."""
    if wanted is not None:
        return registry.version(classifier, wanted).version
    serving = registry.version_of_alias(classifier, "production")
    if serving is not None:
        return serving
    versions = registry.versions(classifier)
    if not versions:
        raise RegistryError(f"Expected a version of {classifier}, none is registered. Run `vigia train {classifier}`.")
    return versions[0].version


def evaluate_version(
    opened: OpenedVersion,
    pictures: Sequence[LabelledPicture],
    unknown: Sequence[LabelledPicture],
    params: EvaluateParams,
) -> Evaluation:
    """Figures on `pictures` that the model has a class for; what is `unknown` should be refused.

    Raises DatasetError when no label is one of the model's class names.
    """
    names = opened.card.class_names
    known = [picture for picture in pictures if picture.label in names]
    foreign = [picture for picture in pictures if picture.label not in names]
    if not known:
        labels = sorted({picture.label for picture in pictures})
        raise DatasetError(
            f"Expected pictures of {_some(names)}, received labels {_some(labels)}. "
            "Name the folders like the model's classes."
        )
    answers = opened.network.answer(decode_pictures(known))
    judged = _judge(opened.card, known, answers)
    evaluation = evaluate_answers(names, judged, opened.reference, _read_calibration(opened, judged, params), params)
    some = known[: params.robustness_pictures]
    return replace(
        evaluation,
        robustness=measure_robustness(opened.network, lambda: decode_pictures(some), judged.labels[: len(some)]),
        unknown=measure_unknown(opened, answers, {"left out": foreign, "other": list(unknown)}),
        latency=opened.network.measure_latency(next(decode_pictures(known))),
        size_bytes=opened.size_bytes,
    )


def measure_unknown(
    opened: OpenedVersion, known: Answers, groups: dict[str, list[LabelledPicture]]
) -> dict[str, float]:
    """AUROC and share refused of each group of unknown pictures that has any, and the share of known ones refused."""
    thresholds = opened.thresholds
    score = _score(opened, known)
    figures = {"known refused": float((score > 1).mean())}
    for name, pictures in groups.items():
        if pictures:
            strange = _score(opened, opened.network.answer(decode_pictures(pictures)))
            figures |= {f"{name}: AUROC": auroc(score, strange), f"{name}: refused": float((strange > 1).mean())}
    figures |= {"least confidence": thresholds.confidence, "largest distance": thresholds.distance}
    return figures


def _score(opened: OpenedVersion, answers: Answers) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    distance = nearest_distances(answers.features, opened.reference.features)
    return unknown_score(answers.probabilities.max(axis=1), distance, opened.thresholds)


def _judge(card: ServingCard, pictures: Sequence[LabelledPicture], answers: Answers) -> Judged:
    """The network's probabilities are calibrated already; what they were before follows from the temperature."""
    labels = np.array([card.class_names.index(picture.label) for picture in pictures], np.int64)
    before = apply_temperature(answers.probabilities, 1 / card.temperature).astype(np.float32)
    return Judged(labels, replace(answers, probabilities=before), answers.probabilities)


def _read_calibration(opened: OpenedVersion, judged: Judged, params: EvaluateParams) -> Calibration:
    distance = nearest_distances(judged.answers.features, opened.reference.features)
    known = opened.thresholds.knows(judged.probabilities.max(axis=1), distance)
    bins = params.calibration_bins
    return Calibration(
        temperature=opened.card.temperature,
        unknown=opened.thresholds,
        ece_before=expected_calibration_error(judged.labels, judged.answers.probabilities, bins),
        ece_after=expected_calibration_error(judged.labels, judged.probabilities, bins),
        false_reject_rate=float(1 - known.mean()),
        pictures=len(judged.labels),
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

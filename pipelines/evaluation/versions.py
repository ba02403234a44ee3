"""A registered version measured here and now, in the runtime that serves it; nothing is fitted again."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import DETECTOR_FILE, NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.errors import DatasetError, ModelError, RegistryError
from pipelines.evaluation.answering import Answers, Network
from pipelines.evaluation.calibrating import Calibration
from pipelines.evaluation.calibration import apply_temperature, expected_calibration_error
from pipelines.evaluation.evaluating import Evaluation, Judged, StrangeFigures, evaluate_answers
from pipelines.evaluation.labelled import LabelledPicture, decode_picture, decode_pictures
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.robustness import measure_robustness
from pipelines.evaluation.slices import Looks, measure_slices
from pipelines.evaluation.strangers import LEFT_OUT, measure_strangers
from pipelines.evaluation.unknown import UnknownThresholds
from pipelines.images import Image
from pipelines.inference import hint_precision
from pipelines.openvino_core import open_core
from pipelines.preprocessing import WholePicture, build_preprocessing
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


@dataclass(frozen=True, slots=True)
class Measured:
    """A version's figures, with the pictures that they are of."""

    evaluation: Evaluation
    judged: Judged
    pictures: tuple[LabelledPicture, ...]
    """Those that the model has a class for, in the order of `judged`."""


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
        network, size_hw = artefact / NETWORK_FILE, (card.image_size, card.image_size)
        yield OpenedVersion(
            version=version,
            card=card,
            network=Network(
                network,
                size_hw,
                build_preprocessing(card.subject, size_hw, artefact / DETECTOR_FILE, card.decoding),
                precision_hint=hint_precision(open_core(), card.precision),
            ),
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
    looks: Sequence[Looks],
    strangers: Mapping[str, Sequence[LabelledPicture]],
    params: EvaluateParams,
) -> Measured:
    """Figures on `pictures` that the model has a class for; others and `strangers` should be refused.

    `looks` are of `pictures`. Raises DatasetError when no label is one of the model's class names.
    """
    names = opened.card.class_names
    rows = [row for row, picture in enumerate(pictures) if picture.label in names]
    known = [pictures[row] for row in rows]
    if not known:
        labels = sorted({picture.label for picture in pictures})
        raise DatasetError(
            f"Expected pictures of {_some(names)}, received labels {_some(labels)}. "
            "Name the folders like the model's classes."
        )
    left_out = [picture for picture in pictures if picture.label not in names]
    answers = opened.network.answer(decode_pictures(known, opened.network.decode_side))
    judged = _judge(opened.card, known, answers)
    evaluation = evaluate_answers(names, judged, opened.reference, _read_calibration(opened, judged, params), params)
    evaluation = replace(
        evaluation,
        slices=measure_slices(judged.probabilities.argmax(axis=1) == judged.labels, [looks[row] for row in rows]),
        robustness=_measure_robustness(opened, known, params.robustness_pictures),
        strangers=_measure_strangers(opened, answers, {LEFT_OUT: left_out, **strangers}),
        latency=opened.network.measure_latency(decode_picture(known[0], opened.network.decode_side)),
        size_bytes=opened.size_bytes,
    )
    return Measured(evaluation, judged, tuple(known))


def _measure_strangers(
    opened: OpenedVersion, known: Answers, groups: Mapping[str, Sequence[LabelledPicture]]
) -> tuple[StrangeFigures, ...]:
    scores = {
        name: _score(opened, opened.network.answer(decode_pictures(pictures, opened.network.decode_side)))
        for name, pictures in groups.items()
        if pictures
    }
    return measure_strangers(_score(opened, known), scores, opened.thresholds.limit) if scores else ()


def _score(opened: OpenedVersion, answers: Answers) -> NDArray[np.float64]:
    distance = opened.reference.clouds.distances(answers.middle)
    return opened.thresholds.strangeness(answers.probabilities, distance)


def _measure_robustness(opened: OpenedVersion, pictures: Sequence[LabelledPicture], most: int) -> dict[str, float]:
    # a folder comes class by class: hashes choose fairly, and the same again
    chosen = sorted(pictures, key=lambda picture: picture.sha256)[:most]
    labels = np.array([opened.card.class_names.index(picture.label) for picture in chosen], np.int64)
    whole = WholePicture(opened.network.size_hw, opened.card.decoding) if opened.card.subject == "picture" else None

    def load() -> Iterator[Image]:
        # spoilt at the size at which the network looks at it, as in the stage
        images = decode_pictures(chosen, opened.network.decode_side)
        return map(whole, images) if whole else images

    return measure_robustness(opened.network, load, labels)


def _judge(card: ServingCard, pictures: Sequence[LabelledPicture], answers: Answers) -> Judged:
    """The network's probabilities are calibrated already; what they were before follows from the temperature."""
    labels = np.array([card.class_names.index(picture.label) for picture in pictures], np.int64)
    before = apply_temperature(answers.probabilities, 1 / card.temperature).astype(np.float32)
    return Judged(labels, replace(answers, probabilities=before), answers.probabilities)


def _read_calibration(opened: OpenedVersion, judged: Judged, params: EvaluateParams) -> Calibration:
    distance = opened.reference.clouds.distances(judged.answers.middle)
    known = opened.thresholds.knows(judged.probabilities, distance)
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

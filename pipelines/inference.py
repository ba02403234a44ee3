"""One interface over serving engines: the worker, the command and the page classify through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import DETECTOR_FILE, NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.errors import ModelError
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import nearest_distances, normalise_features
from pipelines.images import Image
from pipelines.preprocessing import Preprocessing, build_preprocessing

Decision = Literal["known", "unknown"]
PROBABILITIES_OUTPUT: Final = 0
FEATURES_OUTPUT: Final = 1
"""Of a network whose card tells known from unknown."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What a network said about a batch."""

    probabilities: NDArray[np.float32]
    """(pictures, classes), rows add up to 1."""
    known: NDArray[np.bool_]
    """(pictures,): False for a picture of nothing that the model knows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says about one picture."""

    label: str
    """The most probable class, also of a picture that counts as unknown."""
    confidence: float
    """Probability of `label`, 0 to 1."""
    top: tuple[tuple[str, float], ...]
    """(label, probability), best first."""
    decision: Decision


class Classifier(Protocol):
    """A loaded model version."""

    @property
    def classifier(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels of the model's input."""
        ...

    def infer(self, images: Sequence[Image]) -> Inference:
        """Pictures of any size."""
        ...


def build_answers(class_names: Sequence[str], inference: Inference, top: int = 5) -> tuple[Answer, ...]:
    """A batch in words, in its order."""
    return tuple(
        _build_answer(class_names, row, known, top)
        for row, known in zip(inference.probabilities, inference.known, strict=True)
    )


def _build_answer(class_names: Sequence[str], probabilities: NDArray[np.float32], known: bool, top: int) -> Answer:
    order = np.argsort(-probabilities, kind="stable")[:top]
    ranking = tuple((class_names[i], float(probabilities[i])) for i in order)
    return Answer(ranking[0][0], ranking[0][1], ranking, "known" if known else "unknown")


def load_classifier(artefact: Path, classifier: str, version: int) -> "OpenVinoClassifier":
    """The OpenVINO network of an artefact, compiled for one thread.

    Raises ModelError when the artefact is of another classifier, cannot be read, or its head does not match its
    class names.
    """
    card = _load_card(artefact, classifier)
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    return _build_classifiers(artefact, card, version, _compile(artefact, card, options, batch=None), 1)[0]


def load_classifiers(
    artefact: Path, classifier: str, version: int, *, threads: int
) -> "tuple[OpenVinoClassifier, ...]":
    """One for each of so many threads, all on one network, each for one picture at a time.

    With a fixed batch the network takes 6 % less time; its answers differ from the other's by less than 1e-6.
    Raises ModelError as `load_classifier` does.
    """
    card = _load_card(artefact, classifier)
    options = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads}
    return _build_classifiers(artefact, card, version, _compile(artefact, card, options, batch=1), threads)


def _load_card(artefact: Path, classifier: str) -> ServingCard:
    card = ServingCard.load(artefact)
    if card.classifier != classifier:
        raise ModelError(f"Expected a model of {classifier}, received one of {card.classifier}.")
    return card


def _build_classifiers(
    artefact: Path, card: ServingCard, version: int, compiled: Any, count: int
) -> "tuple[OpenVinoClassifier, ...]":
    size_hw = (card.image_size, card.image_size)
    reference = Reference.load(artefact / REFERENCE_FILE) if card.unknown else None
    return tuple(
        OpenVinoClassifier(
            card, version, compiled, build_preprocessing(card.subject, size_hw, artefact / DETECTOR_FILE), reference
        )
        for _ in range(count)
    )


class OpenVinoClassifier:
    """Not for two threads at once: the worker has one inference thread."""

    def __init__(
        self,
        card: ServingCard,
        version: int,
        compiled: Any,
        preprocessing: Preprocessing,
        reference: Reference | None,
    ) -> None:
        self.classifier = card.classifier
        self.version = version
        self.class_names = card.class_names
        self.size_hw = (card.image_size, card.image_size)
        self.preprocessing = preprocessing
        self._unknown = card.unknown
        self._reference = reference
        self._compiled = compiled
        self._request = compiled.create_infer_request()

    def infer(self, images: Sequence[Image]) -> Inference:
        """Raises ModelError when the network answers with something that is no number."""
        prepared = [self.preprocessing(image) for image in images]
        nothing = np.zeros((*self.size_hw, 3), np.uint8)
        outputs = self._request.infer([np.stack([nothing if image is None else image for image in prepared])])
        probabilities = np.array(outputs[self._compiled.output(PROBABILITIES_OUTPUT)], np.float32)
        if not np.isfinite(probabilities).all():
            raise ModelError(f"Expected probabilities of {self.classifier} version {self.version}, received NaN.")
        seen = np.array([image is not None for image in prepared])
        probabilities[~seen] = 1 / len(self.class_names)
        if self._unknown is None or self._reference is None:
            return Inference(probabilities, seen)
        features = normalise_features(outputs[self._compiled.output(FEATURES_OUTPUT)])
        distance = nearest_distances(features, self._reference.features)
        return Inference(probabilities, seen & self._unknown.knows(probabilities.max(axis=1), distance))


def _compile(artefact: Path, card: ServingCard, options: dict[str, Any], *, batch: int | None) -> Any:
    import openvino as ov

    try:
        network = ov.Core().read_model(artefact / NETWORK_FILE)
    except RuntimeError as error:
        raise ModelError(f"Expected an OpenVINO network at {artefact / NETWORK_FILE}. {str(error)[:200]}") from error
    head, class_count = network.outputs[0].partial_shape[-1], len(card.class_names)
    if head.is_dynamic or head.get_length() != class_count:
        raise ModelError(f"Expected a head of {class_count} classes like its class names, received {head}.")
    if batch is not None:
        network.reshape([batch, card.image_size, card.image_size, 3])
    return ov.Core().compile_model(network, "CPU", {**options, "INFERENCE_PRECISION_HINT": "f32"})

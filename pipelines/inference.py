"""One interface over serving engines: the worker, the command and the page classify through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import NETWORK_FILE, ServingCard
from pipelines.errors import ModelError
from pipelines.images import Image, resize_image


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says about one picture."""

    label: str
    confidence: float
    """Probability of `label`, 0 to 1."""
    top: tuple[tuple[str, float], ...]
    """(label, probability), best first."""


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

    def probabilities(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """(pictures, classes), rows add up to 1; pictures of any size."""
        ...


def build_answer(class_names: Sequence[str], probabilities: NDArray[np.float32], top: int = 5) -> Answer:
    """One row of probabilities in words."""
    order = np.argsort(-probabilities, kind="stable")[:top]
    ranking = tuple((class_names[i], float(probabilities[i])) for i in order)
    return Answer(label=ranking[0][0], confidence=ranking[0][1], top=ranking)


def load_classifier(artefact: Path, classifier: str, version: int) -> Classifier:
    """The OpenVINO network of an artefact, compiled for one thread.

    Raises ModelError when the artefact is of another classifier, cannot be read, or its head does not match its
    class names.
    """
    card = ServingCard.load(artefact)
    if card.classifier != classifier:
        raise ModelError(f"Expected a model of {classifier}, received one of {card.classifier}.")
    return OpenVinoClassifier(card, version, _compile(artefact, len(card.class_names)))


class OpenVinoClassifier:
    """Not for two threads at once: the worker has one inference thread."""

    def __init__(self, card: ServingCard, version: int, compiled: Any) -> None:
        self.classifier = card.classifier
        self.version = version
        self.class_names = card.class_names
        self.size_hw = (card.image_size, card.image_size)
        self._compiled = compiled
        self._request = compiled.create_infer_request()

    def probabilities(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """(pictures, classes). Raises ModelError when the network answers with something that is no number."""
        batch = np.stack([resize_image(image, self.size_hw) for image in images])
        answers = np.array(self._request.infer([batch])[self._compiled.output(0)], np.float32)
        if not np.isfinite(answers).all():
            raise ModelError(f"Expected probabilities of {self.classifier} version {self.version}, received NaN.")
        return answers


def _compile(artefact: Path, class_count: int) -> Any:
    import openvino as ov

    try:
        network = ov.Core().read_model(artefact / NETWORK_FILE)
    except RuntimeError as error:
        raise ModelError(f"Expected an OpenVINO network at {artefact / NETWORK_FILE}. {str(error)[:200]}") from error
    head = network.outputs[0].partial_shape[-1]
    if head.is_dynamic or head.get_length() != class_count:
        raise ModelError(f"Expected a head of {class_count} classes like its class names, received {head}.")
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    return ov.Core().compile_model(network, "CPU", options)

"""One interface over serving engines: the worker, the command and the page classify through it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import DETECTOR_FILE, NETWORK_FILE, REFERENCE_FILE, Precision, ServingCard
from pipelines.errors import ModelError
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import normalise_features
from pipelines.images import Image
from pipelines.openvino_core import open_core
from pipelines.preprocessing import Preprocessing, build_preprocessing, find_side

log = logging.getLogger(__name__)

Decision = Literal["known", "unknown"]
Nearest = tuple[tuple[str, float], ...]
"""(SHA-256 of a training picture as it was imported, likeness in feature space up to 1), nearest first."""
PROBABILITIES_OUTPUT: Final = 0
FEATURES_OUTPUT: Final = 1
MIDDLE_OUTPUT: Final = -1
"""The last one: of the middle layer, or the features where there is none. Of a network whose card tells known from
unknown."""
ALONE_SIDE: Final = 128
"""Pixels from which a picture goes through the network by itself: what the layers of several such pictures say does
not fit into the processor's caches, and each then takes up to a third longer."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What a network said about a batch."""

    probabilities: NDArray[np.float32]
    """(pictures, classes), rows add up to 1."""
    known: NDArray[np.bool_]
    """(pictures,): False for a picture of nothing that the model knows."""
    nearest: tuple[Nearest, ...] = ()
    """The five training pictures most like each picture; empty when the model carries none to compare with."""


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
    nearest: Nearest = ()
    """Training pictures most like this one."""


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

    @property
    def precision(self) -> Precision:
        """In which the network is computed on this processor, whatever its card asks for."""
        ...

    def infer(self, images: Sequence[Image]) -> Inference:
        """Pictures of any size."""
        ...


def build_answers(class_names: Sequence[str], inference: Inference, top: int = 5) -> tuple[Answer, ...]:
    """A batch in words, in its order."""
    nearest = inference.nearest or ((),) * len(inference.known)
    return tuple(
        _build_answer(class_names, row, known, near, top)
        for row, known, near in zip(inference.probabilities, inference.known, nearest, strict=True)
    )


def _build_answer(
    class_names: Sequence[str], probabilities: NDArray[np.float32], known: bool, nearest: Nearest, top: int
) -> Answer:
    order = np.argsort(-probabilities, kind="stable")[:top]
    ranking = tuple((class_names[i], float(probabilities[i])) for i in order)
    return Answer(ranking[0][0], ranking[0][1], ranking, "known" if known else "unknown", nearest)


def load_classifier(artefact: Path, classifier: str, version: int) -> "OpenVinoClassifier":
    """The OpenVINO network of an artefact, compiled for one thread; from `ALONE_SIDE` on for one picture at a time.

    Raises ModelError when the artefact is of another classifier, cannot be read, or its head does not match its
    class names.
    """
    network, card = _open(artefact, classifier)
    if card.image_size >= ALONE_SIDE:
        _fix_batch(network, card)
    compiled = _compile(network, card.precision, PERFORMANCE_HINT="LATENCY", INFERENCE_NUM_THREADS=1)
    return _build_classifiers(artefact, card, version, compiled, 1)[0]


def load_classifiers(
    artefact: Path, classifier: str, version: int, *, threads: int
) -> "tuple[OpenVinoClassifier, ...]":
    """One for each of so many threads, all on one network, each for one picture at a time.

    With a fixed batch the network takes 6 % less time; its answers differ from the other's by less than 1e-6.
    Raises ModelError as `load_classifier` does.
    """
    network, card = _open(artefact, classifier)
    _fix_batch(network, card)
    compiled = _compile(network, card.precision, NUM_STREAMS=threads, INFERENCE_NUM_THREADS=threads)
    return _build_classifiers(artefact, card, version, compiled, threads)


def _open(artefact: Path, classifier: str) -> tuple[Any, ServingCard]:
    network = _read_network(artefact)
    if not network.outputs:
        raise ModelError(f"Expected a network that answers at {artefact / NETWORK_FILE}, found one without outputs.")
    head = network.outputs[PROBABILITIES_OUTPUT].partial_shape[-1]
    card = ServingCard.load(artefact, head_size=0 if head.is_dynamic else head.get_length())
    if card.classifier != classifier:
        raise ModelError(f"Expected a model of {classifier}, received one of {card.classifier}.")
    return network, card


def _fix_batch(network: Any, card: ServingCard) -> None:
    """To one picture."""
    try:
        network.reshape([1, card.image_size, card.image_size, 3])
    except RuntimeError as error:
        raise ModelError(f"Expected a network for single pictures of {card.classifier}. {str(error)[:200]}") from error


def _build_classifiers(
    artefact: Path, card: ServingCard, version: int, compiled: Any, count: int
) -> "tuple[OpenVinoClassifier, ...]":
    size_hw = (card.image_size, card.image_size)
    reference = Reference.load(artefact / REFERENCE_FILE) if card.unknown else None

    def build() -> OpenVinoClassifier:
        preprocessing = build_preprocessing(card.subject, size_hw, artefact / DETECTOR_FILE, card.decoding)
        return OpenVinoClassifier(card, version, compiled, preprocessing, reference)

    return tuple(build() for _ in range(count))


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
        self.precision = computed_precision(open_core(), card.precision)
        self.preprocessing = preprocessing
        self.decode_side = find_side(preprocessing)
        self._unknown = card.unknown
        self._reference = reference
        self._alone = compiled.input(0).partial_shape[0] == 1
        self._request = compiled.create_infer_request()
        self._pictures: NDArray[np.uint8] | None = None
        self._asked = [compiled.outputs[PROBABILITIES_OUTPUT]]
        if reference is not None:
            self._asked += [compiled.outputs[FEATURES_OUTPUT], compiled.outputs[MIDDLE_OUTPUT]]

    def infer(self, images: Sequence[Image]) -> Inference:
        """Raises ModelError when the network answers with something that is no number."""
        prepared = [self.preprocessing(image) for image in images]
        probabilities, *inner = self._ask([self._blank() if image is None else image for image in prepared])
        if not np.isfinite(probabilities).all():
            raise ModelError(f"Expected probabilities of {self.classifier} version {self.version}, received NaN.")
        seen = np.array([image is not None for image in prepared])
        probabilities[~seen] = 1 / len(self.class_names)
        if self._unknown is None or self._reference is None:
            return Inference(probabilities, seen)
        features, middle = (normalise_features(each) for each in inner)
        known = seen & self._unknown.knows(probabilities, self._reference.clouds.distances(middle))
        rows, likeness = self._reference.nearest(features)
        return Inference(probabilities, known, _name_nearest(self._reference, rows, likeness, seen))

    def _ask(self, pictures: Sequence[Image]) -> list[NDArray[np.float32]]:
        """What the network says of all pictures, an array for each output that is asked for."""
        passes = [[picture] for picture in pictures] if self._alone else [pictures]
        said = [self._pass(each) for each in passes]
        return [np.concatenate([outputs[output] for outputs in said], dtype=np.float32) for output in self._asked]

    def _pass(self, pictures: Sequence[Image]) -> Any:
        """As `infer([pictures])`, which takes 50 us to find out what it was given."""
        from openvino import Tensor

        # the request reads this memory and does not hold it
        self._pictures = np.stack(pictures)
        self._request.set_input_tensor(Tensor(self._pictures, shared_memory=True))
        return self._request.infer()

    def _blank(self) -> Image:
        return np.zeros((*self.size_hw, 3), np.uint8)


def _name_nearest(
    reference: Reference, rows: NDArray[np.int64], likeness: NDArray[np.float32], seen: NDArray[np.bool_]
) -> tuple[Nearest, ...]:
    """Of a picture in which there was nothing to look at, nothing is near."""
    return tuple(
        tuple((reference.sha256[row], round(value, 4)) for row, value in zip(near, values, strict=True)) if any_ else ()
        for near, values, any_ in zip(rows.tolist(), likeness.tolist(), seen.tolist(), strict=True)
    )


def _read_network(artefact: Path) -> Any:

    try:
        return open_core().read_model(artefact / NETWORK_FILE)
    except RuntimeError as error:
        raise ModelError(f"Expected an OpenVINO network at {artefact / NETWORK_FILE}. {str(error)[:200]}") from error


def _compile(network: Any, precision: Precision, **options: Any) -> Any:

    core = open_core()
    return core.compile_model(network, "CPU", {**options, "INFERENCE_PRECISION_HINT": hint_precision(core, precision)})


def hint_precision(core: Any, precision: Precision) -> str:
    """How the network is compiled; int8 lies in the network itself."""
    return "bf16" if computed_precision(core, precision) == "bf16" else "f32"


def computed_precision(core: Any, precision: Precision) -> Precision:
    """bf16 only where this processor computes in it, for elsewhere it would be slower than f32; a warning says so."""
    if precision != "bf16" or "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return precision
    _warn_of_f32()
    return "f32"


@cache
def _warn_of_f32() -> None:
    """Once a process."""
    log.warning("this processor does not compute in bf16: networks that serve in it run in f32 here, more slowly")

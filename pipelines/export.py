"""From the trained Keras model to the artefact that serves, with proof that both say the same."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import DETECTOR_FILE, NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.errors import ModelError
from pipelines.evaluation.reference import Reference
from pipelines.images import Image, resize_image
from pipelines.inference import load_classifier
from pipelines.models.contract import split_outputs


@dataclass(frozen=True, slots=True)
class Parity:
    """The serving network against Keras on the same pictures."""

    max_difference: float
    """Largest difference of one probability."""
    top1_agreement: float
    pictures: int

    def metrics(self) -> dict[str, float]:
        return {key: float(value) for key, value in asdict(self).items()}


def write_artefact(
    model: Any,
    card: ServingCard,
    example: Image,
    artefact: Path,
    *,
    reference: Reference | None = None,
    detector: Path | None = None,
) -> None:
    """Keras model, OpenVINO network, serving card and training features into an empty `artefact` folder.

    `example` is one picture of any size; it becomes MLflow's input example. `reference` goes with a card that tells
    known from unknown, `detector`, the face detector's file, with one of a network that looks at faces.
    """
    import mlflow.keras
    from mlflow.models import infer_signature

    if artefact.exists():
        shutil.rmtree(artefact)
    artefact.mkdir(parents=True)
    batch = resize_image(example, (card.image_size, card.image_size))[None]
    mlflow.keras.save_model(
        model,
        str(artefact),
        signature=infer_signature(batch, model.predict(batch, verbose=0)),
        input_example=batch,
        pip_requirements=[f"keras=={version('keras')}", f"numpy=={version('numpy')}", "tensorflow>=2.21,<2.22"],
    )
    card.save(artefact)
    if reference is not None:
        reference.save(artefact / REFERENCE_FILE)
    if detector is not None:
        shutil.copyfile(detector, artefact / DETECTOR_FILE)
    write_network(split_outputs(model), artefact / NETWORK_FILE)


def measure_parity(model: Any, artefact: Path, classifier: str, images: Sequence[Image]) -> Parity:
    """Both runtimes on the same pictures, each through the path it is used with.

    Pictures in which there is nothing to look at are left out: no network sees them.
    """
    served = load_classifier(artefact, classifier, version=0)
    seen = [(image, prepared) for image in images if (prepared := served.preprocessing(image)) is not None]
    if not seen:
        raise ModelError(f"Expected a face in one of {len(images)} test pictures, found none. Look at the dataset.")
    ours = served.infer([image for image, _ in seen]).probabilities
    batch = np.stack([prepared for _, prepared in seen])
    return compare(np.asarray(model.predict(batch, verbose=0)), ours)


def compare(reference: NDArray[np.floating], ours: NDArray[np.floating]) -> Parity:
    """Two (pictures, classes) tables of probabilities."""
    same = reference.argmax(axis=1) == ours.argmax(axis=1)
    return Parity(float(np.abs(reference - ours).max()), float(same.mean()), len(reference))


def check_parity(parity: Parity, max_difference: float) -> None:
    """Raises ModelError when the served network strays too far."""
    if parity.max_difference > max_difference:
        raise ModelError(
            f"Expected the OpenVINO network within {max_difference:g} of Keras, found {parity.max_difference:g} "
            f"on {parity.pictures} pictures. Raise export.max_difference only if that is acceptable."
        )


def write_network(model: Any, file: Path) -> None:
    """Two outputs, probabilities and features; uint8 pixels of any number of pictures are its input.

    So a worker feeds pixels as they are. `file` ends in .xml; the weights lie beside it.
    """
    import openvino as ov
    from openvino.preprocess import PrePostProcessor

    draft = file.with_name("draft.xml")
    model.export(str(draft), format="openvino", verbose=False)
    network = ov.Core().read_model(draft)
    for extra in network.get_results()[len(model.outputs) :]:
        # the converter also hands out what gradients would need: of no use here, and in the way of fusing layers
        network.remove_result(extra)
    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8)
    steps.input().preprocess().convert_element_type(ov.Type.f32)
    ov.save_model(steps.build(), file, compress_to_fp16=False)
    for leftover in (draft, draft.with_suffix(".bin")):
        leftover.unlink()

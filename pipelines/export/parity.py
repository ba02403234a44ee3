"""How far a runtime strays from Keras on the same pictures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelError
from pipelines.images import Image
from pipelines.inference import load_classifier


@dataclass(frozen=True, slots=True)
class Parity:
    """A network against Keras on the same pictures."""

    max_difference: float
    """Largest difference of one probability."""
    top1_agreement: float
    """Share of the pictures with the same most probable class."""
    pictures: int

    def metrics(self) -> dict[str, float]:
        return {key: float(value) for key, value in asdict(self).items()}


def measure_parity(model: Any, artefact: Path, classifier: str, images: Sequence[Image]) -> Parity:
    """Keras and the network that serves on the same pictures, each through the path it is used with.

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


def check_parity(
    parity: Parity, max_difference: float, *, runtime: str = "OpenVINO", least_agreement: float = 0.0
) -> None:
    """Raises ModelError when the network strays too far."""
    if not parity.max_difference <= max_difference:  # a difference that is no number strays too
        raise ModelError(
            f"Expected the {runtime} network within {max_difference:g} of Keras, found {parity.max_difference:g} "
            f"on {parity.pictures} pictures. Raise export.max_difference only if that is acceptable."
        )
    if parity.top1_agreement < least_agreement:
        raise ModelError(
            f"Expected the {runtime} network to name the class that Keras names on {least_agreement:.1%} of "
            f"{parity.pictures} pictures, found {parity.top1_agreement:.1%}. Take another format."
        )

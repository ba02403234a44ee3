"""One interface over serving engines: the worker, the command and the page classify through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.images import Image


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

    classifier: str
    version: int
    class_names: tuple[str, ...]
    size_hw: tuple[int, int]
    """Height and width in pixels of the model's input."""

    def probabilities(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """(pictures, classes), rows add up to 1; pictures of any size."""
        ...

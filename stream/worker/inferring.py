"""Asking a model, and telling whose fault it is when that fails: the frame's, the model's or the machine's."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.errors import ModelError
from pipelines.images import Image
from pipelines.inference import Classifier, Inference

OUT_OF_MEMORY: Final = ("bad_alloc", "bad allocation", "out of memory", "cannot allocate memory")
"""Words of engines that have one error for everything."""


class BrokenModelError(ModelError):
    """A version that answers nothing any more; it ends the worker."""

    def __init__(self, text: str, classifier: str, version: int) -> None:
        super().__init__(text)
        self.classifier = classifier
        self.version = version


def infer_checked(classifier: Classifier, images: Sequence[Image]) -> Inference:
    """Raises ModelError for answers of another shape or that are no number."""
    inference = classifier.infer(images)
    expected = (len(images), len(classifier.class_names))
    if inference.probabilities.shape != expected or inference.known.shape != expected[:1]:
        raise ModelError(f"Expected probabilities of shape {expected}, received {inference.probabilities.shape}.")
    if not np.isfinite(inference.probabilities).all():
        raise ModelError("Expected finite probabilities, received values that are no number.")
    return inference


def infer_timed(classifier: Classifier, images: Sequence[Image]) -> tuple[Inference, float | None]:
    """As `infer_checked`, with the milliseconds of this thread's processor time that a picture took alone.

    None for several: each costs less then, and times of batches of different sizes cannot be compared. The network
    runs in the thread that asks it, so that whoever else wants the processor does not lengthen that time.
    """
    if len(images) != 1:
        return infer_checked(classifier, images), None
    began = time.thread_time()
    inference = infer_checked(classifier, images)
    return inference, round(1000 * (time.thread_time() - began), 3)


def check_machine(classifier: Classifier, error: Exception) -> None:
    """Raises ModelError when it was the machine that failed: no memory, a file or a disk that is gone."""
    words = str(error).lower()
    if isinstance(error, MemoryError | OSError) or any(sign in words for sign in OUT_OF_MEMORY):
        raise ModelError(_explain(classifier, error, "The machine failed it: make room or mend the disk.")) from error


def check_model(classifier: Classifier, error: Exception) -> None:
    """Raises ModelError when even a blank picture fails: then the frame that failed is not to blame."""
    try:
        infer_blank(classifier)
    except Exception as again:  # noqa: BLE001  whatever a broken model raises, it is the model
        raise broken(classifier, again, "Roll the classifier back, or look at the engine.") from error


def infer_blank(classifier: Classifier) -> None:
    """One blank picture through the model. Raises what the engine raises, and ModelError."""
    height, width = classifier.size_hw
    infer_checked(classifier, [np.zeros((height, width, 3), np.uint8)])


def broken(classifier: Classifier, error: Exception, mend: str) -> BrokenModelError:
    """What ends the worker, so that its frames come again to one that is well."""
    return BrokenModelError(_explain(classifier, error, mend), classifier.classifier, classifier.version)


def _explain(classifier: Classifier, error: Exception, mend: str) -> str:
    return (
        f"Expected {classifier.classifier} version {classifier.version} to classify. {type(error).__name__}: {error}. "
        f"{mend} The frames stay in Kafka."
    )

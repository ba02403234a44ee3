"""Golden pictures: a few, hard ones among them, with the answers that every copy of a model must give again."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import Precision
from pipelines.errors import ModelError
from pipelines.images import Image
from pipelines.scaled_images import Side, decode_for

MOST_DIFFERENCE: Final[Mapping[Precision, float]] = {"f32": 1e-3, "bf16": 0.25, "int8": 0.25}
"""Of one probability. Dark or tiny pictures lie near a border between classes, where few bits of a number tell much."""
LEAST_AGREEMENT: Final = 0.75
"""Share of the pictures with the same most probable class; in f32 the difference says it all."""


@dataclass(frozen=True, slots=True)
class GoldenPictures:
    """At most 16 small JPEGs, with what Keras said of them."""

    encoded: Mapping[str, bytes]
    """By name: `test-0`, ..., `tiny`, `dark`, `grey`, ..."""
    probabilities: NDArray[np.float32]
    """(pictures, classes), calibrated; equal ones where there is nothing to look at."""

    def save(self, file: Path) -> None:
        sizes = np.array([len(each) for each in self.encoded.values()], np.int64)
        digests = np.array([hashlib.sha256(each).hexdigest() for each in self.encoded.values()], "S64")
        np.savez(
            file,
            jpegs=np.frombuffer(b"".join(self.encoded.values()), np.uint8),
            sizes=sizes,
            sha256=digests,
            names=np.array(list(self.encoded), "S16"),
            probabilities=self.probabilities.astype(np.float32),
        )

    @classmethod
    def load(cls, file: Path) -> "GoldenPictures":
        """Raises ModelError for a file of another kind or a picture with other bytes; nothing in it is executed."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                sizes, probabilities = arrays["sizes"], arrays["probabilities"].astype(np.float32)
                parts = np.split(arrays["jpegs"], np.cumsum(sizes)[:-1])
                names = [name.decode("ascii") for name in arrays["names"]]
                digests = [digest.decode("ascii") for digest in arrays["sha256"]]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelError(f"Expected golden pictures at {file}. {error}. Train the model again.") from error
        encoded = dict(zip(names, (part.tobytes() for part in parts), strict=False))
        actual = [hashlib.sha256(each).hexdigest() for each in encoded.values()]
        if actual != digests or len(probabilities) != len(encoded):
            raise ModelError(f"Expected the golden pictures that were saved in {file}. Train the model again.")
        return cls(encoded, probabilities)

    def images(self, side: Side = None) -> list[Image]:
        """As a network wants them that has pictures decoded for `side`."""
        return [decode_for(each, side) for each in self.encoded.values()]


def check_golden(
    golden: GoldenPictures,
    answer: Callable[[Sequence[Image]], NDArray[np.float32]],
    precision: Precision,
    side: Side = None,
) -> None:
    """Raises ModelError when the pictures are not answered as they were when the model was made."""
    said, expected = answer(golden.images(side)), golden.probabilities
    if said.shape != expected.shape:
        raise ModelError(f"Expected answers of shape {expected.shape} to the golden pictures, received {said.shape}.")
    difference = float(np.abs(said - expected).max())
    agreement = float((said.argmax(axis=1) == expected.argmax(axis=1)).mean())
    # `not`: an answer that is no number differs too
    if not difference <= MOST_DIFFERENCE[precision] or (precision != "f32" and agreement < LEAST_AGREEMENT):
        raise ModelError(
            f"Expected the answers that the model gave when it was made to its {len(expected)} golden pictures, "
            f"received others by up to {difference:.3g}, the same class on {agreement:.0%}. Train or import it again."
        )

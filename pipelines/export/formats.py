"""What every serving format has in common: uint8 pixels in, `probabilities` and `features` out, on one thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.models.contract import split_outputs

FormatName = Literal["openvino", "onnx", "litert", "tfjs", "keras"]
Pixels = NDArray[np.uint8]
"""(pictures, height, width, 3), of the network's input size."""
WARM_UP: Final = 3


@dataclass(frozen=True, slots=True)
class Source:
    """What a format is made from."""

    artefact: Path
    model: Any
    """The artefact's Keras model, calibrated; None where there is none, and the network is handed out as it is."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A runtime's answers, asked picture by picture."""

    probabilities: NDArray[np.float32]
    """(pictures, classes)."""
    milliseconds: NDArray[np.float64]
    """(pictures,): of each answer; decoding and resizing are not in it."""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A runtime that cannot be asked on this machine."""

    reason: str


OUTPUTS: Final = ("probabilities", "features", "middle")
"""The last one, by which the unknown are told, is there where the architecture has a middle layer."""


class Format(Protocol):
    """One way to hand a model out."""

    @property
    def name(self) -> FormatName: ...

    def write(self, source: Source, folder: Path) -> None:
        """The network's files into an empty folder. Raises ModelError when the model cannot be converted."""
        ...

    def answer(self, folder: Path, pixels: Pixels) -> Timed | NotChecked:
        """The written network, loaded by the runtime that it is for."""
        ...


def build_signature(model: Any) -> Any:
    """The Keras model as the formats offer it: `pixels` as uint8; the outputs by the names OUTPUTS."""
    import keras

    split = split_outputs(model)
    pixels = keras.Input(split.input_shape[1:], dtype="uint8", name="pixels")
    outputs = split(keras.ops.cast(pixels, "float32"))
    signature = keras.Model(pixels, dict(zip(OUTPUTS, outputs, strict=False)), name=model.name)
    signature(np.zeros((1, *split.input_shape[1:]), np.uint8))  # Keras exports only what was called once
    return signature


def time_each(ask: Callable[[Pixels], Any], pixels: Pixels) -> Timed:
    """`ask` gets one picture at a time, (1, height, width, 3)."""
    for _ in range(WARM_UP):
        ask(pixels[:1])
    rows, milliseconds = [], []
    for one in pixels:
        began = time.perf_counter()
        row = np.array(ask(one[None]), np.float32)
        milliseconds.append((time.perf_counter() - began) * 1000)
        rows.append(row[0])
    return Timed(np.stack(rows), np.array(milliseconds))

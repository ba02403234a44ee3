"""Every runtime on the same pictures, against Keras: the rows of the parity table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import Precision
from pipelines.export.formats import Format, FormatName, NotChecked, Pixels
from pipelines.export.keras import KerasFormat
from pipelines.export.litert import LiteRtFormat
from pipelines.export.onnx import OnnxFormat
from pipelines.export.openvino import OpenVinoFormat
from pipelines.export.parity import Parity, check_parity, compare
from pipelines.export.tfjs import TfjsFormat

TFJS_DIFFERENCE: Final = 1e-2
"""WebAssembly and the other runtimes round differently; the answers must be the same."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One runtime's row."""

    format: FormatName
    parity: Parity | None
    p50_ms: float | None
    """For one picture on one thread; decoding and resizing are not in it."""
    p95_ms: float | None
    size_bytes: int
    not_checked: str | None = None
    """Why there are no figures."""

    def metrics(self) -> Mapping[str, float]:
        """The figures that there are."""
        if self.parity is None:
            return {"size_bytes": float(self.size_bytes)}
        times = {"p50_ms": self.p50_ms or 0.0, "p95_ms": self.p95_ms or 0.0}
        return {**self.parity.metrics(), **times, "size_bytes": float(self.size_bytes)}


def build_format(name: FormatName, tools: Path, precision: Precision = "f32") -> Format:
    """`tools` is where what TensorFlow.js needs is kept; `precision` is that of the OpenVINO network."""
    match name:
        case "openvino":
            return OpenVinoFormat(precision)
        case "onnx":
            return OnnxFormat()
        case "litert":
            return LiteRtFormat()
        case "tfjs":
            return TfjsFormat(tools)
        case "keras":
            return KerasFormat()


def measure_format(form: Format, folder: Path, pixels: Pixels, expected: NDArray[np.floating]) -> Measured:
    """A written network against Keras's answers `expected`, (pictures, classes)."""
    size = sum(file.stat().st_size for file in folder.iterdir())
    said = form.answer(folder, pixels)
    if isinstance(said, NotChecked):
        return Measured(form.name, None, None, None, size, said.reason)
    p50, p95 = (float(value) for value in np.percentile(said.milliseconds, (50, 95)))
    return Measured(form.name, compare(expected, said.probabilities), p50, p95, size)


def check_measured(row: Measured, max_difference: float, precision: Precision = "f32") -> None:
    """Raises ModelError when the network strays further than its format may.

    A lower precision was judged by its answers already (settle_precision): no difference is too large for it.
    """
    if row.parity is None or precision != "f32":
        return
    if row.format == "tfjs":
        check_parity(row.parity, TFJS_DIFFERENCE, runtime="TensorFlow.js", least_agreement=1.0)
    else:
        check_parity(row.parity, max_difference, runtime=RUNTIMES[row.format])


RUNTIMES: Final[Mapping[FormatName, str]] = {
    "openvino": "OpenVINO",
    "onnx": "ONNX",
    "litert": "LiteRT",
    "tfjs": "TensorFlow.js",
    "keras": "saved Keras",
}


def ask_keras(model: Any, pixels: Pixels) -> NDArray[np.float32]:
    """What all of them are compared with."""
    return np.asarray(model.predict(pixels, verbose=0), np.float32)

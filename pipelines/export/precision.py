"""bf16 and int8: faster, and allowed only where they answer like f32."""

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import NETWORK_FILE, REFERENCE_FILE, Precision, ServingCard
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import normalise_features
from pipelines.export.formats import Pixels
from pipelines.inference import MIDDLE_OUTPUT, PROBABILITIES_OUTPUT, Inference, computed_precision, hint_precision
from pipelines.openvino_core import open_core

LEAST_AGREEMENT: Final = 0.995
MOST_ACCURACY_LOSS: Final = 0.005
MOST_KNOWN_LOSS: Final = 0.01
"""Of the pictures: more of its own that count as unknown. What tells them apart was measured in f32."""
CALIBRATION_PICTURES: Final = 300
"""What nncf looks at by default; more of them hardly change the ranges."""


@dataclass(frozen=True, slots=True)
class PrecisionTrial:
    """A lower precision against f32 on the validation pictures."""

    precision: Precision
    top1_agreement: float
    accuracy_loss: float
    """Accuracy in f32 less that in this precision."""
    pictures: int
    known_loss: float = 0.0
    """Share that counts as known in f32 less that in this precision."""
    computed: Precision | None = None
    """In which the processor computed it; None: in this precision."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it may not serve, in words; none when it may."""
        found = []
        if self.computed not in (None, self.precision):
            found.append(f"this processor computes in {self.computed}: try it on one that computes in {self.precision}")
        if self.top1_agreement < LEAST_AGREEMENT:
            found.append(f"same answers on {self.top1_agreement:.2%} of {self.pictures} pictures, not 99.5 %")
        if self.accuracy_loss > MOST_ACCURACY_LOSS:
            found.append(f"{100 * self.accuracy_loss:.2f} points of accuracy lost, more than 0.5")
        if self.known_loss > MOST_KNOWN_LOSS:
            found.append(f"{100 * self.known_loss:.2f} points more of its own pictures count as unknown, more than 1")
        return tuple(found)

    @property
    def allowed(self) -> bool:
        return not self.reasons

    def metrics(self) -> dict[str, float]:
        return {
            "allowed": float(self.allowed),
            "top1_agreement": self.top1_agreement,
            "accuracy_loss": self.accuracy_loss,
            "known_loss": self.known_loss,
            "pictures": float(self.pictures),
        }


def settle_precision(artefact: Path, wanted: Precision, pixels: Pixels, labels: NDArray[np.int64]) -> PrecisionTrial:
    """Try `wanted` on an artefact in f32; where it is allowed, the artefact serves in it from now on.

    `pixels` and `labels` are the validation pictures; int8 takes its ranges from them too.
    """
    file, core = artefact / NETWORK_FILE, open_core()
    exact = core.read_model(file)
    lower = quantise(core.read_model(file), pixels) if wanted == "int8" else exact
    judge = _read_judge(artefact)
    before = _answer(core, exact, "f32", pixels, judge)
    after = _answer(core, lower, hint_precision(core, wanted), pixels, judge)
    trial = replace(judge_precision(wanted, before, after, labels), computed=computed_precision(core, wanted))
    if trial.allowed and wanted != "f32":
        if wanted == "int8":
            _replace_network(lower, file)
        replace(ServingCard.load(artefact), precision=wanted).save(artefact)
    return trial


def judge_precision(
    precision: Precision, exact: Inference, lower: Inference, labels: NDArray[np.int64]
) -> PrecisionTrial:
    """What both said about the same pictures, and their true classes."""
    before, after = exact.probabilities.argmax(axis=1), lower.probabilities.argmax(axis=1)
    # counted before it is divided: 5 lost of 1000 are 0.005 and not a little more
    loss = (int((before == labels).sum()) - int((after == labels).sum())) / len(labels)
    known_loss = (int(exact.known.sum()) - int(lower.known.sum())) / len(labels)
    return PrecisionTrial(precision, float((before == after).mean()), loss, len(labels), known_loss)


Judge = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.bool_]]
"""Probabilities and the middle layer's output -> which of the pictures are known."""


def _read_judge(artefact: Path) -> Judge:
    thresholds = ServingCard.load(artefact).unknown
    if thresholds is None:
        return lambda probabilities, _middle: np.ones(len(probabilities), bool)
    clouds = Reference.load(artefact / REFERENCE_FILE).clouds
    return lambda probabilities, middle: thresholds.knows(probabilities, clouds.distances(normalise_features(middle)))


def _answer(core: Any, network: Any, hint: str, pixels: Pixels, judge: Judge) -> Inference:
    compiled = core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    request = compiled.create_infer_request()
    outputs = []
    for one in pixels:
        said = request.infer([one[None]])
        outputs.append((said[PROBABILITIES_OUTPUT].copy(), said[compiled.outputs[MIDDLE_OUTPUT]].copy()))
    probabilities, middle = (np.concatenate(each) for each in zip(*outputs, strict=True))
    return Inference(probabilities, judge(probabilities, middle))


def quantise(network: Any, pixels: Pixels) -> Any:
    """The network in int8; the pictures tell the ranges of its numbers."""
    import nncf

    with contextlib.redirect_stdout(sys.stderr):
        seen = nncf.Dataset([one[None] for one in pixels[:CALIBRATION_PICTURES]])
        subset = min(len(pixels), CALIBRATION_PICTURES)
        # the fast way takes two thirds of the time, and answers less like f32
        return nncf.quantize(network, seen, subset_size=subset, fast_bias_correction=False)


def _replace_network(network: Any, file: Path) -> None:
    import openvino as ov

    draft = file.with_name("draft.xml")
    ov.save_model(network, draft, compress_to_fp16=False)
    for suffix in (".xml", ".bin"):
        os.replace(draft.with_suffix(suffix), file.with_suffix(suffix))

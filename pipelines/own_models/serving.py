"""From what the child left to the network that serves: uint8 RGB in, calibrated probabilities and features out."""

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.calibration import SMALLEST
from pipelines.openvino_core import open_core
from pipelines.own_models.conventions import SCALES, Convention
from pipelines.own_models.draft import Draft

Meaning = Literal["logits", "probabilities", "sigmoids", "logit", "probability"]
"""Of a head's numbers: one a class, or one for two classes (`logit`, `probability` of the second)."""
IN_WORDS: Final[dict[Meaning, str]] = {
    "logits": "logits, made probabilities by softmax",
    "probabilities": "probabilities",
    "sigmoids": "one sigmoid a class, brought to a sum of one",
    "logit": "one logit: sigmoid is the probability of the second class",
    "probability": "one probability, of the second class",
}


def build_serving_network(
    draft: Draft, network: Path, file: Path, convention: Convention, meaning: Meaning, temperature: float = 1.0
) -> None:
    """Write `file` (.xml, its weights beside it) from the child's `network`; logits are divided by `temperature`."""
    import openvino as ov
    from openvino import opset13
    from openvino.preprocess import PrePostProcessor

    read = open_core().read_model(network)
    scores, features = (result.input_value(0) for result in read.get_results())
    logits = opset13.divide(_as_logits(scores, meaning), np.float32(temperature))
    outputs = [opset13.result(opset13.softmax(logits, axis=1).output(0)), opset13.result(features)]
    steps = PrePostProcessor(ov.Model(outputs, read.get_parameters(), "own_model"))
    picture = steps.input()
    picture.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    picture.model().set_layout(ov.Layout(draft.layout))
    mean, scale = SCALES[convention.pixels]
    change = picture.preprocess().convert_element_type(ov.Type.f32)
    if any(mean):
        change.mean(list(mean))
    if scale != (1.0, 1.0, 1.0):
        change.scale(list(scale))
    if convention.channels == "bgr":
        change.reverse_channels()
    file.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(steps.build(), file, compress_to_fp16=False)


def read_meaning(draft: Draft, class_count: int, scores: NDArray[np.floating]) -> Meaning:
    """From the activation that was cut off, else from the numbers themselves: some pictures' `scores`."""
    single = draft.head_size != class_count
    if draft.activation == "softmax":
        return "logits"
    if draft.activation == "sigmoid":
        return "logit" if single else "sigmoids"
    within = bool(((scores >= -1e-4) & (scores <= 1 + 1e-4)).all())
    if single:
        return "probability" if within else "logit"
    return "probabilities" if within and np.allclose(scores.sum(axis=1), 1, atol=1e-2) else "logits"


def _as_logits(scores: Any, meaning: Meaning) -> Any:
    """(pictures, classes), whose softmax are the probabilities."""
    from openvino import opset13

    match meaning:
        case "logits":
            return scores
        case "probabilities":
            return opset13.log(opset13.clamp(scores, SMALLEST, 1.0))
        case "sigmoids":
            # log(sigmoid(x)) without running into log(0)
            return opset13.negative(opset13.softplus(opset13.negative(scores)))
        case "logit":
            single = scores
        case "probability":
            inside = opset13.clamp(scores, SMALLEST, 1 - SMALLEST)
            single = opset13.subtract(opset13.log(inside), opset13.log(opset13.subtract(np.float32(1), inside)))
    return opset13.concat([opset13.multiply(single, np.float32(0)), single], 1)

"""The front of a network: its picture's size and layout, how many at once, and whether it scales pixels itself."""

from typing import Any, Final

import numpy as np

from pipelines.errors import ModelError
from pipelines.openvino_core import open_core
from pipelines.own_models.draft import Layout

LARGEST_SIDE: Final = 1024
PASSED_THROUGH: Final = frozenset(
    {"Convert", "Gather", "Pad", "Reshape", "Squeeze", "StridedSlice", "Transpose", "Unsqueeze"}
)
SHRINKING: Final = 1 / 32
"""Numbers up to 255 are multiplied by less than this only to make them small."""
LARGE_MEAN: Final = 32
"""Nothing as large as this is subtracted from numbers between -1 and 1."""


def read_input(network: Any, wanted_size: int | None) -> tuple[Layout, int]:
    """Layout and side in pixels. Raises ModelError for anything but one square RGB picture of numbers."""
    if len(network.inputs) != 1:
        raise ModelError(f"Expected a model with one input, a picture, received one with {len(network.inputs)}.")
    port = network.inputs[0]
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic or shape.rank.get_length() != 4:
        raise ModelError(f"Expected an input of pictures, 4 numbers such as ?x224x224x3, the model has {shape}.")
    if port.get_element_type().get_type_name() not in ("f32", "f16", "u8"):
        raise ModelError(
            f"Expected pixels as float or uint8, the model takes {port.get_element_type().get_type_name()}. "
            f"Convert it with float inputs."
        )
    sides = [None if side.is_dynamic else side.get_length() for side in shape]
    layout: Layout = "NHWC" if sides[3] == 3 else "NCHW"
    if sides[{"NHWC": 3, "NCHW": 1}[layout]] != 3:
        raise ModelError(f"Expected pictures of 3 channels, RGB, the model takes {shape}. Grey models cannot be used.")
    height, width = sides[1:3] if layout == "NHWC" else sides[2:4]
    height, width = height or wanted_size, width or wanted_size
    if height is None or width is None:
        raise ModelError(f"Expected a model that says its picture's size, it takes {shape}. Add --image-size N.")
    if height != width or not 8 <= height <= LARGEST_SIDE or (wanted_size or height) != height:
        raise ModelError(
            f"Expected square pictures of 8 to {LARGEST_SIDE} pixels{f', of {wanted_size}' if wanted_size else ''}, "
            f"the model takes {height}x{width}. Export it for square ones."
        )
    return layout, height


def free_batch(network: Any, layout: Layout, size: int) -> None:
    """Any number of pictures at once, also where the file was written for exactly one."""
    port = network.inputs[0]
    if not port.get_partial_shape()[0].is_dynamic:
        _free_reshapes(network)
    shape = [-1, size, size, 3] if layout == "NHWC" else [-1, 3, size, size]
    try:
        network.reshape({port: shape})
    except RuntimeError as error:
        raise _only_one(str(error)) from error


def check_batch(network: Any, layout: Layout, size: int) -> None:
    """Raises ModelError when pictures together are not answered as one by one, or with something that is no number."""

    shape = (3, size, size, 3) if layout == "NHWC" else (3, 3, size, size)
    kind = network.inputs[0].get_element_type().to_dtype()
    pictures = np.random.default_rng(0).integers(0, 256, shape).astype(kind)
    compiled = open_core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    try:
        together = np.array(compiled([pictures])[0])
        alone = np.concatenate([np.array(compiled([picture[None]])[0]) for picture in pictures])
    except RuntimeError as error:
        raise _only_one(str(error)) from error
    if not np.isfinite(together).all():
        raise ModelError(
            "Expected numbers as answers, the model says NaN or infinity. Take an earlier checkpoint of it."
        )
    if together.shape != alone.shape or not np.allclose(together, alone, rtol=1e-2, atol=1e-2):
        raise _only_one("three pictures together are answered otherwise than one by one")


def scales_itself(network: Any) -> bool:
    """True when the first arithmetic on the pixels makes numbers up to 255 small."""
    import openvino as ov

    waiting = [network.inputs[0]]
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            if node.get_type_name() in PASSED_THROUGH:
                waiting += node.outputs()
                continue
            others = [node.input_value(i).get_node() for i in range(node.get_input_size()) if i != target.get_index()]
            constants = [other.data for other in others if isinstance(other, ov.op.Constant)]
            if constants and _shrinks(node.get_type_name(), np.abs(np.asarray(constants[0], np.float64))):
                return True
    return False


def _shrinks(operation: str, constant: "np.ndarray[Any, np.dtype[np.float64]]") -> bool:
    match operation:
        case "Multiply":
            return bool(constant.max() <= SHRINKING)
        case "Divide":
            return bool(constant.min() >= 1 / SHRINKING)
        case "Add" | "Subtract":
            return bool(constant.min() >= LARGE_MEAN)
        case _:
            return False


def _free_reshapes(network: Any) -> None:
    """A reshape to `1, rest` keeps whatever number of pictures comes."""
    import openvino as ov
    from openvino import opset13

    for node in network.get_ordered_ops():
        if node.get_type_name() != "Reshape" or node.input_value(0).get_partial_shape().rank.is_dynamic:
            continue
        pattern = node.input_value(1).get_node()
        kept = node.input_value(0).get_partial_shape()
        if isinstance(pattern, ov.op.Constant) and len(kept) and str(kept[0]) == "1" and pattern.data.ravel()[0] == 1:
            free = pattern.data.astype(np.int64)
            free[0] = 0
            node.output(0).replace(opset13.reshape(node.input_value(0), free, special_zero=True).output(0))


def _only_one(reason: str) -> ModelError:
    return ModelError(
        f"Expected a model for any number of pictures at once, it takes exactly one ({reason[:160]}). "
        f"Export it with a dynamic batch size."
    )

"""The end of a network: its head without softmax or sigmoid, and the features that the last dense layer sees."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipelines.errors import ModelError
from pipelines.own_models.draft import Activation

SHAPING: Final = frozenset({"Convert", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
PASSED_BACK: Final = SHAPING | {"Add", "Divide", "FakeQuantize", "Multiply", "ReduceMean", "Subtract"}


@dataclass(frozen=True, slots=True)
class Head:
    """One output of a network."""

    size: int
    """Numbers a picture."""
    activation: Activation
    scores: Any
    """Before the activation: (pictures, ...) of the graph."""


def find_head(network: Any, class_count: int) -> Head:
    """The output with a number for each class, else with one for two classes; else the only one, whatever its size.

    Raises ModelError when it is not clear which output is meant.
    """
    results = network.get_results()
    sized: list[tuple[Any, int | None]] = [
        (result, _length(result.input_value(0).get_partial_shape())) for result in results
    ]
    fitting = sized
    for wanted in (class_count, 1) if class_count == 2 else (class_count,):
        fitting = [(result, size) for result, size in sized if size == wanted]
        if len(fitting) == 1:
            break
    else:
        fitting = sized
    result, size = fitting[0]
    if len(fitting) != 1 or size is None:
        shapes = ", ".join(str(result.input_value(0).get_partial_shape()) for result, _ in sized)
        raise ModelError(
            f"Expected one output of {class_count} numbers a picture, one a class, found {shapes}. "
            f"Export the model with that output alone."
        )
    activation, scores = _cut_activation(result.input_value(0))
    return Head(size, activation, scores)


def trim_network(network: Any, head: Head) -> tuple[Any, str]:
    """The network with two outputs, scores and features, and where the features came from."""
    import openvino as ov
    from openvino import opset13

    scores = opset13.reshape(head.scores, np.array([-1, head.size]), special_zero=False).output(0)
    found = _find_features(head.scores)
    features, words = (head.scores, "the head itself: no last dense layer was found") if found is None else found
    length = _length(features.get_partial_shape())
    if length is None:
        features, words, length = head.scores, "the head itself: the features' length is not fixed", head.size
    features = opset13.reshape(features, np.array([-1, length]), special_zero=False).output(0)
    trimmed = ov.Model(
        [opset13.result(_as_float(scores)), opset13.result(_as_float(features))], network.get_parameters()
    )
    return trimmed, words


def check_constants(network: Any) -> None:
    """Raises ModelError for weights that are NaN or infinite; one number alone may be an infinite bound."""
    import openvino as ov

    for node in network.get_ops():
        if isinstance(node, ov.op.Constant) and node.get_element_type().get_type_name() in ("f32", "f16", "f64"):
            values = np.asarray(node.data)
            if np.isnan(values).any() or (values.size > 1 and not np.isfinite(values).all()):
                raise ModelError(
                    f"Expected finite weights, {node.get_friendly_name()!r:.80} holds NaN or infinity: the training "
                    f"went astray. Take an earlier checkpoint of it."
                )


def _cut_activation(output: Any) -> tuple[Activation, Any]:
    node = output.get_node()
    while node.get_type_name() in SHAPING:
        node = node.input_value(0).get_node()
    match node.get_type_name():
        case "Softmax":
            return "softmax", node.input_value(0)
        case "Sigmoid":
            return "sigmoid", node.input_value(0)
        case _:
            return "none", output


def _find_features(output: Any) -> tuple[Any, str] | None:
    """What the last layer with weights sees; None when the way back does not lead to one."""
    from openvino import opset13

    node = output.get_node()
    while node.get_type_name() in PASSED_BACK:
        ways = [node.input_value(i) for i in range(node.get_input_size()) if not _is_constant(node.input_value(i))]
        if not ways or (len(ways) > 1 and node.get_type_name() not in SHAPING):
            return None
        node = ways[0].get_node()
    if node.get_type_name() == "MatMul":
        ways = [node.input_value(i) for i in range(2) if not _is_constant(node.input_value(i))]
        return (ways[0], "what the last dense layer sees") if len(ways) == 1 else None
    if node.get_type_name() == "Convolution":
        pooled = opset13.reduce_mean(node.input_value(0), np.array([2, 3]), keep_dims=False)
        return pooled.output(0), "what the last convolution sees, averaged over the picture"
    return None


def _is_constant(output: Any) -> bool:
    """Weights, also behind what unpacks them."""
    node = output.get_node()
    if node.get_type_name() == "Constant":
        return True
    inputs = [node.input_value(i) for i in range(node.get_input_size())]
    unpacks = node.get_type_name() in PASSED_BACK | {"Broadcast", "Concat"}
    return unpacks and bool(inputs) and all(_is_constant(each) for each in inputs)


def _length(shape: Any) -> int | None:
    """Numbers a picture; None when that is not fixed."""
    if shape.rank.is_dynamic or shape.rank.get_length() < 2:
        return None
    sides = [side for index, side in enumerate(shape) if index]
    return None if any(side.is_dynamic for side in sides) else int(np.prod([side.get_length() for side in sides]))


def _as_float(output: Any) -> Any:
    from openvino import opset13

    return output if output.get_element_type().get_type_name() == "f32" else opset13.convert(output, "f32").output(0)

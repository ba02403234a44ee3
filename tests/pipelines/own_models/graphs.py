"""Small OpenVINO networks: a front for pictures and a head."""

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

WEIGHTS = np.array([[4.0, -4.0], [0.0, 0.0], [-4.0, 4.0]], np.float32)


def build_graph(
    *, shape: tuple[int, ...] = (-1, 16, 16, 3), head: str = "softmax", weights: Any = WEIGHTS, reshape_to: int = 0
) -> ov.Model:
    """Mean colour times weights; `reshape_to`: pictures that a reshape with a fixed pattern expects."""
    pixels = ops.parameter(ov.PartialShape(list(shape)), np.float32, name="pixels")
    axes = [1, 2] if shape[3] == 3 else [2, 3]
    features = ops.reduce_mean(pixels, np.array(axes), keep_dims=False)
    if reshape_to:
        features = ops.reshape(features, np.array([reshape_to, 3]), special_zero=False)
    x = ops.matmul(features, weights, False, False)
    x = ops.add(x, np.zeros(weights.shape[1], np.float32))
    if head == "softmax":
        x = ops.softmax(x, 1)
    elif head == "sigmoid":
        x = ops.sigmoid(x)
    elif head == "divided exponentials":
        powers = ops.exp(x)
        x = ops.divide(powers, ops.reduce_sum(powers, np.array([1]), keep_dims=True))
    return ov.Model([ops.result(x)], [pixels], "graph")

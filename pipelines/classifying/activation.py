"""Where in a picture the label comes from.

A network that ends in pooling and one dense layer tells it itself: its last activations, weighted as the label's logit
weighs their means (class activation map, Zhou et al. 2016, arXiv:1512.04150). Of any other network it is found by
covering one part of the picture after the other (Zeiler & Fergus 2014, arXiv:1311.2901).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.artefact import NETWORK_FILE
from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.openvino_core import open_core

Relevance = NDArray[np.float32]
"""(rows, columns) of a coarse grid over the picture, 0 to 1."""

COVERED_SHARE: Final = 4
"""A patch is a quarter of a side."""
STEPS: Final = 9
"""Places of the patch, each way."""


@dataclass(frozen=True, slots=True)
class PooledHead:
    """The last activations of a network, and what each class makes of their means."""

    activations: Any
    """OpenVINO's output (pictures, channels, rows, columns)."""
    weights: NDArray[np.float32]
    """(classes, channels)."""


class ActivationMap:
    """The map that a network with a pooled head tells itself."""

    def __init__(self, network: Any, head: PooledHead) -> None:

        place = head.activations
        network.add_outputs([place])
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self._request = open_core().compile_model(network, "CPU", options).create_infer_request()
        self._weights = head.weights

    def __call__(self, prepared: Image, label: int) -> Relevance:
        """`prepared` is what the network sees."""
        self._request.infer([prepared[None]])
        last = len(self._request.results) - 1
        activations = np.asarray(self._request.get_output_tensor(last).data[0], np.float32)
        return _stretch(np.tensordot(self._weights[label], activations, axes=1))


@dataclass(frozen=True, slots=True)
class OcclusionMap:
    """The label's loss of probability while a patch of the mean colour covers each part."""

    infer: Callable[[Image], Inference]

    def __call__(self, prepared: Image, label: int) -> Relevance:
        side = prepared.shape[0]
        patch = max(1, side // COVERED_SHARE)
        colour = prepared.mean(axis=(0, 1)).astype(np.uint8)
        places = np.linspace(0, side - patch, STEPS).round().astype(int)
        whole = self.infer(prepared).probabilities[0, label]
        losses = np.zeros((STEPS, STEPS), np.float32)
        for row, top in enumerate(places):
            for column, left in enumerate(places):
                covered = prepared.copy()
                covered[top : top + patch, left : left + patch] = colour
                losses[row, column] = whole - self.infer(covered).probabilities[0, label]
        return _stretch(losses)


def open_map(artefact: Path, infer: Callable[[Image], Inference]) -> "ActivationMap | OcclusionMap":
    """The one that suits the artefact's network."""

    network = open_core().read_model(artefact / NETWORK_FILE)
    head = find_pooled_head(network)
    return ActivationMap(network, head) if head else OcclusionMap(infer)


def find_pooled_head(network: Any) -> PooledHead | None:
    """A mean over rows and columns that goes into a matrix product with constant weights; None for another end."""
    for operation in network.get_ordered_ops():
        if operation.get_type_name() != "ReduceMean":
            continue
        activations, axes = operation.input_value(0), operation.input_value(1).get_node()
        shape = activations.get_partial_shape()
        if shape.rank.is_dynamic or shape.rank.get_length() != 4 or axes.get_type_name() != "Constant":
            continue
        over = sorted(int(axis) % 4 for axis in axes.get_data().ravel())
        weights = _read_dense(operation)
        if over == [2, 3] and weights is not None and shape[1].is_static and shape[1].get_length() == weights.shape[1]:
            return PooledHead(activations, weights)
    return None


def _read_dense(pooling: Any) -> NDArray[np.float32] | None:
    """(classes, channels) of the matrix product behind the pooling."""
    for target in pooling.output(0).get_target_inputs():
        product = target.get_node()
        if product.get_type_name() != "MatMul" or product.input_value(1).get_node().get_type_name() != "Constant":
            continue
        weights = np.asarray(product.input_value(1).get_node().get_data(), np.float32)
        return weights if product.get_attributes()["transpose_b"] else weights.T
    return None


def _stretch(values: NDArray[np.float32]) -> Relevance:
    """What speaks for the label, the most as 1; what speaks against it counts as nothing."""
    positive = np.maximum(values, 0)
    most = float(positive.max())
    return np.asarray(positive / most if most > 0 else positive, np.float32)

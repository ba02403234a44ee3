"""The MobileNetV2 trunk as an OpenVINO network, built from its weights file without Keras or TensorFlow.

Both take seconds to import; this takes a third of one. Batch normalisation is folded into the convolutions.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelError

EPSILON: Final = 1e-3
"""Of every batch normalisation, as keras.applications has it."""
STRIDES: Final = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
"""Of the depthwise convolution of each block (Sandler et al. 2018, table 2)."""

Arrays = dict[str, list[NDArray[np.float32]]]


def build_trunk(weights: Path, side: int, cut: str) -> Any:
    """An `openvino.Model`: uint8 RGB (pictures, side, side, 3) in; float32 out, channels last.

    `cut` is `pooled` for (pictures, 1280) or the name of a block's end, such as `block_12_add`, for its activations
    (pictures, height, width, channels). Raises ModelError for a file that holds other weights.
    """
    arrays = read_weights(weights)
    try:
        return _Graph(arrays).build(side, cut)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(
            f"Expected the weights of MobileNetV2 without its top in {weights.name}, {error} does not fit. "
            f"Put the right file there."
        ) from error


def read_weights(file: Path) -> Arrays:
    """Arrays of each layer by the layer's name, from a Keras 3 `.weights.h5` file. Raises ModelError for another."""
    import h5py

    try:
        with h5py.File(file) as root:
            layers = [layer["vars"] for layer in root["layers"].values()]
            named = {str(each.attrs["name"]): each for each in layers if len(each)}
            return {
                name: [np.asarray(each[str(index)], np.float32) for index in range(len(each))]
                for name, each in named.items()
            }
    except (OSError, KeyError) as error:
        raise ModelError(f"Expected a Keras weights file (.weights.h5) at {file}. {error}") from error


class _Graph:
    """OpenVINO works with channels first; only the two ends are turned."""

    def __init__(self, arrays: Arrays) -> None:
        import openvino.opset13 as ops

        self._arrays = arrays
        self._ops = ops

    def build(self, side: int, cut: str) -> Any:
        import openvino as ov

        ops = self._ops
        pixels = ops.parameter([-1, side, side, 3], np.uint8, name="pixels")
        x = ops.convert(ops.transpose(pixels, np.array([0, 3, 1, 2])), "f32")
        x = ops.subtract(ops.divide(x, np.float32(127.5)), np.float32(1))
        x = self._relu6(self._convolution(x, "Conv1", "bn_Conv1", stride=2))
        ends = [f"block_{block}" for block in range(len(STRIDES))]
        last = cut.removesuffix("_add") if cut != "pooled" else ends[-1]
        for block in range(ends.index(last) + 1):
            x = self._block(x, block)
        if cut == "pooled":
            x = self._relu6(self._convolution(x, "Conv_1", "Conv_1_bn"))
            out = ops.reduce_mean(x, np.array([2, 3]), keep_dims=False)
        else:
            out = ops.transpose(x, np.array([0, 2, 3, 1]))
        return ov.Model([out], [pixels], f"mobilenet_v2_{cut}")

    def _block(self, x: Any, block: int) -> Any:
        prefix = f"block_{block}" if block else "expanded_conv"
        stride, before = STRIDES[block], x
        if block:
            x = self._relu6(self._convolution(x, f"{prefix}_expand", f"{prefix}_expand_BN"))
        x = self._relu6(self._depthwise(x, f"{prefix}_depthwise", f"{prefix}_depthwise_BN", stride))
        x = self._convolution(x, f"{prefix}_project", f"{prefix}_project_BN")
        same = stride == 1 and before.get_output_partial_shape(0)[1] == x.get_output_partial_shape(0)[1]
        return self._ops.add(before, x) if same else x

    def _convolution(self, x: Any, name: str, norm: str, stride: int = 1) -> Any:
        scale, shift = self._fold(norm)
        kernel = self._arrays[name][0] * scale  # (height, width, in, out)
        kernel = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
        strides = [stride, stride]
        x = self._ops.convolution(x, kernel, strides, [0, 0], [0, 0], [1, 1], auto_pad="same_upper")
        return self._ops.add(x, shift)

    def _depthwise(self, x: Any, name: str, norm: str, stride: int) -> Any:
        scale, shift = self._fold(norm)
        kernel = self._arrays[name][0] * scale[:, None]  # (height, width, in, 1)
        kernel = np.ascontiguousarray(kernel.transpose(2, 3, 0, 1)[:, :, None])
        strides = [stride, stride]
        x = self._ops.group_convolution(x, kernel, strides, [0, 0], [0, 0], [1, 1], auto_pad="same_upper")
        return self._ops.add(x, shift)

    def _fold(self, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What batch normalisation multiplies by, and what it adds, as (1, channels, 1, 1)."""
        gamma, beta, mean, variance = self._arrays[norm]
        scale = gamma / np.sqrt(variance + EPSILON)
        return scale, (beta - mean * scale).reshape(1, -1, 1, 1)

    def _relu6(self, x: Any) -> Any:
        return self._ops.clamp(x, 0.0, 6.0)

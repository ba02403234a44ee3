"""Weights of vision transformers as their authors publish them: NumPy archives of JAX arrays.

Format: google-research/vision_transformer, `vit_jax/checkpoint.py`; Steiner et al. 2021, arXiv:2106.10270.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelError

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float32]
_POSITIONS: Final = "Transformer/posembed_input/pos_embedding"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Arrays by the authors' names."""

    name: str
    arrays: Mapping[str, Array]

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Patch, width, blocks, heads, hidden."""
        patch, _, _, width = self.arrays["embedding/kernel"].shape
        heads = self._block(0, "MultiHeadDotProductAttention_1/query/kernel").shape[1]
        hidden = self._block(0, "MlpBlock_3/Dense_0/kernel").shape[1]
        blocks = sum(key.endswith("/LayerNorm_0/scale") for key in self.arrays)
        return patch, width, blocks, heads, hidden

    def copy_into(self, model: "keras.Model", *, grid: int) -> None:
        """Everything but the head. `grid` is the number of patches along a side, for which positions are scaled."""
        _set(model, "embedding", self._embedding(grid))
        for number in range(self.shape[2]):
            self._copy_block(model, number)
        _set(model, "norm", [self.arrays[f"Transformer/encoder_norm/{part}"] for part in ("scale", "bias")])

    def _embedding(self, grid: int) -> list[Array]:
        kernel = self.arrays["embedding/kernel"]  # (patch, patch, 3, width)
        positions = scale_positions(self.arrays[_POSITIONS][0], grid)
        positions[0] += self.arrays["cls"][0, 0]
        positions[1:] += self.arrays["embedding/bias"]
        return [kernel.reshape(-1, kernel.shape[-1]), positions]

    def _copy_block(self, model: "keras.Model", number: int) -> None:
        for ours, theirs in (("norm1", "LayerNorm_0"), ("norm2", "LayerNorm_2")):
            _set(
                model, f"block{number}_{ours}", [self._block(number, f"{theirs}/{part}") for part in ("scale", "bias")]
            )
        for ours, theirs in (("dense1", "Dense_0"), ("dense2", "Dense_1")):
            parts = [self._block(number, f"MlpBlock_3/{theirs}/{part}") for part in ("kernel", "bias")]
            _set(model, f"block{number}_{ours}", parts)
        attention = [
            self._block(number, f"MultiHeadDotProductAttention_1/{each}/{part}")
            for each in ("query", "key", "value", "out")
            for part in ("kernel", "bias")
        ]
        _set(model, f"block{number}_attention", attention)

    def _block(self, number: int, name: str) -> Array:
        return self.arrays[f"Transformer/encoderblock_{number}/{name}"]


def load_checkpoint(file: Path) -> Checkpoint:
    """Raises ModelError for a file that is no such archive."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name], np.float32) for name in archive.files}
        checkpoint = Checkpoint(file.name, arrays)
        _ = checkpoint.shape, arrays[_POSITIONS], arrays["cls"]
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(
            f"Expected a vision transformer as its authors publish it (.npz with embedding/kernel, cls and so on), "
            f"{file} is another file: {error}. `vigia data download vision_transformer_weights` fetches one."
        ) from error
    return checkpoint


def scale_positions(positions: Array, grid: int) -> Array:
    """(1 + grid * grid, width) from those of another grid, bilinear as in the paper; the first is the class token's."""
    from scipy.ndimage import zoom

    token, patches = positions[:1], positions[1:]
    side = round(len(patches) ** 0.5)
    if side != grid:
        square = patches.reshape(side, side, -1)
        patches = zoom(square, (grid / side, grid / side, 1), order=1).reshape(grid * grid, -1)
    return np.concatenate([token, patches]).astype(np.float32)


def _set(model: "keras.Model", name: str, arrays: list[Array]) -> None:
    layer = model.get_layer(name)
    expected, received = [tuple(each.shape) for each in layer.weights], [each.shape for each in arrays]
    if expected != received:
        raise ModelError(f"Expected arrays of {expected} for {name}, received {received}. Take another weights file.")
    layer.set_weights(arrays)

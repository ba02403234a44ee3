"""A vision transformer as its authors' code computes it, in NumPy, with weights in their format."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float32]
PATCH, WIDTH, BLOCKS, HEADS, HIDDEN, GRID = 8, 12, 2, 3, 20, 4


def make_arrays(seed: int = 0) -> dict[str, Array]:
    """Random weights under the authors' names, for pictures of 32 pixels."""
    random, depth = np.random.default_rng(seed), WIDTH // HEADS
    shapes: dict[str, tuple[int, ...]] = {
        "embedding/kernel": (PATCH, PATCH, 3, WIDTH),
        "embedding/bias": (WIDTH,),
        "cls": (1, 1, WIDTH),
        "Transformer/posembed_input/pos_embedding": (1, GRID * GRID + 1, WIDTH),
        "Transformer/encoder_norm/scale": (WIDTH,),
        "Transformer/encoder_norm/bias": (WIDTH,),
        "head/kernel": (WIDTH, 1000),
        "head/bias": (1000,),
    }
    for number in range(BLOCKS):
        block = f"Transformer/encoderblock_{number}"
        attention = f"{block}/MultiHeadDotProductAttention_1"
        for part in ("scale", "bias"):
            shapes |= {f"{block}/LayerNorm_0/{part}": (WIDTH,), f"{block}/LayerNorm_2/{part}": (WIDTH,)}
        for part in ("query", "key", "value"):
            shapes |= {f"{attention}/{part}/kernel": (WIDTH, HEADS, depth), f"{attention}/{part}/bias": (HEADS, depth)}
        shapes |= {f"{attention}/out/kernel": (HEADS, depth, WIDTH), f"{attention}/out/bias": (WIDTH,)}
        shapes |= {f"{block}/MlpBlock_3/Dense_0/kernel": (WIDTH, HIDDEN), f"{block}/MlpBlock_3/Dense_0/bias": (HIDDEN,)}
        shapes |= {f"{block}/MlpBlock_3/Dense_1/kernel": (HIDDEN, WIDTH), f"{block}/MlpBlock_3/Dense_1/bias": (WIDTH,)}
    return {name: (0.4 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}


def save_arrays(file: Path, arrays: dict[str, Array]) -> Path:
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    return file


def compute_features(arrays: dict[str, Array], pixels: NDArray[np.uint8]) -> Array:
    """(pictures, width): the class token after the last normalisation."""
    scaled = pixels.astype(np.float64) / 127.5 - 1
    tokens = []
    for row in range(GRID):
        for column in range(GRID):
            patch = scaled[:, row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
            tokens.append(np.einsum("nhwc,hwcd->nd", patch, arrays["embedding/kernel"]) + arrays["embedding/bias"])
    classes = np.broadcast_to(arrays["cls"], (len(pixels), 1, WIDTH))
    x = np.concatenate([classes, np.stack(tokens, axis=1)], axis=1)
    x = x + arrays["Transformer/posembed_input/pos_embedding"]
    for number in range(BLOCKS):
        x = _block(arrays, f"Transformer/encoderblock_{number}", x)
    return np.asarray(_norm(arrays, "Transformer/encoder_norm", x)[:, 0], np.float32)


def _block(arrays: dict[str, Array], name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x + _attend(arrays, f"{name}/MultiHeadDotProductAttention_1", _norm(arrays, f"{name}/LayerNorm_0", x))
    y = _norm(arrays, f"{name}/LayerNorm_2", x)
    y = y @ arrays[f"{name}/MlpBlock_3/Dense_0/kernel"] + arrays[f"{name}/MlpBlock_3/Dense_0/bias"]
    y = y * 0.5 * (1 + erf(y / np.sqrt(2)))
    out: NDArray[np.float64] = (
        x + y @ arrays[f"{name}/MlpBlock_3/Dense_1/kernel"] + arrays[f"{name}/MlpBlock_3/Dense_1/bias"]
    )
    return out


def _attend(arrays: dict[str, Array], name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    query, key, value = (
        np.einsum("ntd,dhk->nhtk", x, arrays[f"{name}/{part}/kernel"]) + arrays[f"{name}/{part}/bias"][None, :, None]
        for part in ("query", "key", "value")
    )
    scores = np.einsum("nhtk,nhsk->nhts", query, key) / np.sqrt(WIDTH // HEADS)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = np.einsum("nhts,nhsk->nhtk", shares, value)
    out: NDArray[np.float64] = np.einsum("nhtk,hkd->ntd", mixed, arrays[f"{name}/out/kernel"])
    return out + arrays[f"{name}/out/bias"]


def _norm(arrays: dict[str, Array], name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    out: NDArray[np.float64] = (x - mean) / np.sqrt(variance + 1e-6)
    return out * arrays[f"{name}/scale"] + arrays[f"{name}/bias"]

"""A small real artefact, made without TensorFlow: a network that tells red, green and blue pictures apart."""

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.artefact import NETWORK_FILE, REFERENCE_FILE, ServingCard
from pipelines.evaluation.reference import Reference
from pipelines.evaluation.unknown import UnknownThresholds, fit_clouds

NAMES: Final = ("blue", "green", "red")
COLOURS: Final = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230), "grey": (128, 128, 128)}
SIDE: Final = 32


def write_colour_artefact(artefact: Path, *, pooled: bool = True) -> Path:
    """A convolution, then pooling and a dense layer; without `pooled` all of its places go into the dense layer.

    A grey picture is unknown to it.
    """
    import openvino as ov

    # doubt alone: a colour is 0.4 and less, grey is 1
    thresholds = UnknownThresholds(usual_doubt=0, high_doubt=1, usual_distance=0, high_distance=1e9, limit=0.8)
    ServingCard("colours", NAMES, SIDE, "squash", "0" * 32 + ".dir", unknown=thresholds).save(artefact)
    ov.save_model(_build(pooled), artefact / NETWORK_FILE, compress_to_fp16=False)
    length = 3 if pooled else 3 * 8 * 8
    features = np.stack([np.repeat(np.eye(3, dtype=np.float32)[i], length // 3) for i in range(3)]).repeat(6, axis=0)
    labels = np.arange(18) // 6
    digests = tuple(f"{i:064x}" for i in range(18))
    Reference(features, labels, digests, fit_clouds(features, labels)).save(artefact / REFERENCE_FILE)
    return artefact


def _build(pooled: bool) -> Any:
    import openvino as ov
    from openvino import opset13 as ops

    pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8, name="pixels")
    scaled = ops.divide(ops.convert(pixels, np.float32), ops.constant(np.float32(255)))
    planes = ops.transpose(scaled, ops.constant([0, 3, 1, 2]))
    # how much more of one colour than of the other two, in cells of 4x4 pixels
    kernel = np.full((3, 3, 4, 4), -0.5, np.float32)
    for place, colour in enumerate((2, 1, 0)):
        kernel[place, colour] = 1
    cells = ops.relu(ops.convolution(planes, ops.constant(kernel / 16), [4, 4], [0, 0], [0, 0], [1, 1]))
    weights: NDArray[np.float64]
    if pooled:
        features = ops.reduce_mean(cells, ops.constant([2, 3]), False)
        weights = 8 * np.eye(3)
    else:
        features = ops.reshape(cells, ops.constant([0, 3 * 8 * 8]), True)
        weights = 8 * np.eye(3).repeat(64, axis=1) / 64
    logits = ops.matmul(features, ops.constant(weights.astype(np.float32)), False, True)
    return ov.Model([ops.softmax(logits, 1), features], [pixels], "colours")


def write_picture(file: Path, colour: str, size: tuple[int, int] = (60, 40)) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.new("RGB", size, COLOURS[colour]).save(file, quality=95)
    return file


def encode_picture(colour: str) -> bytes:
    output = io.BytesIO()
    PillowImage.new("RGB", (60, 40), COLOURS[colour]).save(output, "PNG")
    return output.getvalue()


def write_video(
    file: Path, colours: list[str], *, rate: int = 10, size: tuple[int, int] = (96, 64), options: Any = None
) -> Path:
    """One second of each colour, with a little noise as cameras have it."""
    import av

    random = np.random.default_rng(1)

    with av.open(str(file), "w", options=options or {}) as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"g": "5"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for colour in colours:
            for _ in range(rate):
                noise = random.integers(-12, 13, (size[1], size[0], 3))
                pixels = (np.array(COLOURS[colour]) + noise).clip(0, 255).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return file

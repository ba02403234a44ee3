"""An artefact whose network names the strongest colour: small, quick, and as real as any to OpenVINO."""

from pathlib import Path

import numpy as np
import openvino as ov
import openvino.opset13 as ops

from pipelines.artefact import GOLDEN_FILE, NETWORK_FILE, ServingCard
from pipelines.golden import GoldenPictures
from pipelines.inference import load_classifier
from tests.stream.fakes import draw_jpeg

SIDE = 8


def make_artefact(
    folder: Path,
    classifier: str = "cars",
    *,
    sharpness: float = 1.0,
    golden: bool = True,
    bias: float = 0.0,
    side: int = SIDE,
) -> Path:
    """`sharpness` tells versions apart: the same answers, with other confidences; `bias` speaks for red."""
    pixels = ops.parameter([-1, side, side, 3], np.uint8)
    light = ops.divide(ops.convert(pixels, "f32"), np.float32(255 / (5 * sharpness)))
    means = ops.reduce_mean(light, ops.constant(np.array([1, 2])), False)
    colours = ops.add(means, ops.constant(np.array([[bias, 0, 0]], np.float32)))
    network = ov.Model([ops.softmax(colours, 1), colours], [pixels])
    card = ServingCard(classifier, ("red", "green", "blue"), side, "the whole picture", "md5")
    card.save(folder)
    ov.save_model(network, folder / NETWORK_FILE, compress_to_fp16=False)
    (folder / "MLmodel").write_text(f"sharpness {sharpness} bias {bias}", encoding="utf-8")
    if golden:
        encoded = {f"test-{value}": draw_jpeg(value) for value in (5, 100, 250)}
        images = GoldenPictures(encoded, np.zeros((3, 3), np.float32)).images()
        answers = load_classifier(folder, classifier, 1).infer(images).probabilities
        GoldenPictures(encoded, answers).save(folder / GOLDEN_FILE)
    return folder

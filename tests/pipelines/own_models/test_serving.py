from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from pipelines.openvino_core import open_core
from pipelines.own_models.conventions import SCALES, Channels, Convention, Pixels
from pipelines.own_models.draft import NETWORK_FILE, Activation, Draft, Layout
from pipelines.own_models.outputs import find_head, trim_network
from pipelines.own_models.parity import answer_plainly
from pipelines.own_models.serving import Meaning, build_serving_network, read_meaning
from tests.pipelines.own_models.graphs import WEIGHTS, build_graph

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)


def make_draft(folder: Path, head: str, layout: Layout = "NHWC", weights: "np.ndarray" = WEIGHTS) -> Draft:
    """What the child leaves of a small network."""
    shape = (-1, 16, 16, 3) if layout == "NHWC" else (-1, 3, 16, 16)
    network = build_graph(shape=shape, head=head, weights=weights / 100)
    found = find_head(network, 2)
    trimmed, features = trim_network(network, found)
    ov.save_model(trimmed, folder / NETWORK_FILE, compress_to_fp16=False)
    return Draft("onnx", layout, 16, found.size, found.activation, False, features)


@pytest.mark.parametrize("pixels", list(SCALES))
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_bytes_become_what_the_model_was_trained_with(
    tmp_path: Path, pixels: Pixels, channels: Channels, layout: Layout
) -> None:
    draft = make_draft(tmp_path, "softmax", layout)
    convention = Convention(pixels, channels)

    build_serving_network(draft, tmp_path / NETWORK_FILE, tmp_path / "served.xml", convention, "logits", 2.0)

    served = open_core().compile_model(tmp_path / "served.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    mean, scale = (np.array(each) for each in SCALES[pixels])
    scaled = (PICTURES - mean) / scale
    scaled = scaled[..., ::-1] if channels == "bgr" else scaled
    logits = scaled.mean(axis=(1, 2)) @ WEIGHTS / 100 / 2.0
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities, features = served([PICTURES]).values()
    assert probabilities == pytest.approx(expected, abs=1e-4)
    assert features.shape == (3, 3)


@pytest.mark.parametrize(
    ("head", "weights", "meaning"),
    [
        ("softmax", WEIGHTS, "logits"),
        ("linear", WEIGHTS, "logits"),
        ("divided exponentials", WEIGHTS, "probabilities"),
        ("sigmoid", WEIGHTS, "sigmoids"),
        ("sigmoid", WEIGHTS[:, 1:], "logit"),
        ("linear", WEIGHTS[:, 1:], "logit"),
    ],
)
def test_every_kind_of_head_becomes_probabilities(
    tmp_path: Path, head: str, weights: "np.ndarray", meaning: Meaning
) -> None:
    draft = make_draft(tmp_path, head, weights=weights)
    convention = Convention("0..255", "rgb")
    scores = answer_plainly(draft, tmp_path, convention, None, 1.0, list(PICTURES))

    assert read_meaning(draft, 2, scores) == meaning
    build_serving_network(draft, tmp_path / NETWORK_FILE, tmp_path / "served.xml", convention, meaning, 1.5)

    plain = answer_plainly(draft, tmp_path, convention, meaning, 1.5, list(PICTURES))
    served = open_core().compile_model(tmp_path / "served.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert served([PICTURES])[0] == pytest.approx(plain, abs=1e-5)
    assert plain.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("head_size", "activation", "scores", "meaning"),
    [
        (1, "none", [[0.2], [0.9]], "probability"),
        (1, "none", [[-3.0], [0.9]], "logit"),
        (2, "none", [[0.2, 0.8], [1.0, 0.0]], "probabilities"),
        (2, "none", [[0.2, 0.2], [0.9, 0.9]], "logits"),
        (2, "none", [[-1.2, 2.2], [0.5, 0.5]], "logits"),
    ],
)
def test_numbers_without_an_activation_are_told_by_what_they_are(
    head_size: int, activation: Activation, scores: list[list[float]], meaning: Meaning
) -> None:
    draft = Draft("onnx", "NHWC", 16, head_size, activation, False, "")

    assert read_meaning(draft, 2, np.array(scores)) == meaning

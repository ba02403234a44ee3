import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from pipelines.errors import ModelError
from pipelines.openvino_core import open_core
from pipelines.own_models.outputs import check_constants, find_head, trim_network
from tests.pipelines.own_models.graphs import WEIGHTS, build_graph

PICTURES = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)


@pytest.mark.parametrize(("head", "activation"), [("softmax", "softmax"), ("sigmoid", "sigmoid"), ("linear", "none")])
def test_the_activation_is_cut_off_and_the_features_are_what_the_dense_layer_sees(head: str, activation: str) -> None:
    network = build_graph(head=head)

    found = find_head(network, 2)
    trimmed, words = trim_network(network, found)

    assert (found.size, found.activation, words) == (2, activation, "what the last dense layer sees")
    scores, features = (
        open_core().compile_model(trimmed, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([PICTURES]).values()
    )
    mean_colours = PICTURES.mean(axis=(1, 2))
    assert features == pytest.approx(mean_colours, abs=1e-5)
    assert scores == pytest.approx(mean_colours @ WEIGHTS, abs=1e-4)


def test_one_number_is_a_head_of_two_classes_and_of_no_other_number() -> None:
    network = build_graph(head="sigmoid", weights=np.ones((3, 1), np.float32))

    assert find_head(network, 2).size == 1
    assert find_head(network, 7).size == 1  # told to the caller, who knows the class names


def test_of_several_outputs_the_one_that_fits_is_taken_and_else_all_are_named() -> None:
    pixels = ops.parameter(ov.PartialShape([-1, 3]), np.float32)
    both = ov.Model([ops.result(pixels), ops.result(ops.matmul(pixels, WEIGHTS, False, False))], [pixels], "two")

    assert find_head(both, 2).size == 2
    with pytest.raises(ModelError, match=r"found \[\?,3\], \[\?,2\]"):
        find_head(both, 5)


def test_a_head_of_a_convolution_has_the_averaged_picture_as_features() -> None:
    pixels = ops.parameter(ov.PartialShape([-1, 3, 16, 16]), np.float32)
    kernel = WEIGHTS.T.reshape(2, 3, 1, 1)
    x = ops.convolution(pixels, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    x = ops.softmax(ops.reduce_mean(x, np.array([2, 3]), keep_dims=False), 1)
    network = ov.Model([ops.result(x)], [pixels], "convolution")

    trimmed, words = trim_network(network, find_head(network, 2))

    assert words == "what the last convolution sees, averaged over the picture"
    features = open_core().compile_model(trimmed, "CPU")([PICTURES.transpose(0, 3, 1, 2)])[1]
    assert features == pytest.approx(PICTURES.mean(axis=(1, 2)), abs=1e-2)


def test_without_a_dense_layer_the_head_itself_is_the_features() -> None:
    pixels = ops.parameter(ov.PartialShape([-1, 3, 16, 16]), np.float32)
    pooled = ops.reduce_max(pixels, np.array([2, 3]), keep_dims=False)
    network = ov.Model([ops.result(ops.softmax(pooled, 1))], [pixels], "bare")

    _, words = trim_network(network, find_head(network, 3))

    assert words.startswith("the head itself")


def test_nan_weights_are_refused_and_a_single_infinite_bound_is_not() -> None:
    check_constants(_with_constant(np.array(np.inf, np.float32)))

    for spoilt in (np.array(np.nan, np.float32), np.array([1, np.inf, 1], np.float32)):
        with pytest.raises(ModelError, match="NaN or infinity"):
            check_constants(_with_constant(spoilt))


def _with_constant(value: "np.ndarray") -> ov.Model:
    pixels = ops.parameter(ov.PartialShape([-1, 3]), np.float32)
    return ov.Model([ops.result(ops.minimum(pixels, ops.constant(value)))], [pixels], "constant")

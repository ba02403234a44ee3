from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from pipelines.errors import ModelError
from pipelines.own_models.inputs import check_batch, free_batch, read_input, scales_itself
from tests.pipelines.own_models.graphs import WEIGHTS, build_graph


@pytest.mark.parametrize(
    ("shape", "wanted", "found"),
    [
        ((-1, 16, 16, 3), None, ("NHWC", 16)),
        ((1, 3, 16, 16), None, ("NCHW", 16)),
        ((-1, -1, -1, 3), 32, ("NHWC", 32)),
    ],
)
def test_layout_and_size_are_read_from_the_shape(
    shape: tuple[int, ...], wanted: int | None, found: tuple[str, int]
) -> None:
    assert read_input(build_graph(shape=shape), wanted) == found


@pytest.mark.parametrize(
    ("shape", "wanted", "words"),
    [
        ((-1, -1, -1, 3), None, "Add --image-size"),
        ((-1, 16, 24, 3), None, "takes 16x24"),
        ((-1, 16, 16, 3), 32, "of 32, the model takes 16x16"),
        ((-1, 1, 16, 16), None, "Grey models cannot be used"),
        ((-1, 4, 4, 3), None, "8 to 1024"),
    ],
)
def test_other_shapes_are_refused(shape: tuple[int, ...], wanted: int | None, words: str) -> None:
    pixels = ops.parameter(ov.PartialShape(list(shape)), np.float32)
    network = ov.Model([ops.result(ops.relu(pixels))], [pixels], "front")

    with pytest.raises(ModelError, match=words):
        read_input(network, wanted)


def test_a_file_for_exactly_one_picture_is_freed() -> None:
    network = build_graph(shape=(1, 16, 16, 3), reshape_to=1)

    free_batch(network, "NHWC", 16)

    check_batch(network, "NHWC", 16)  # three pictures together are answered as one by one
    assert network.inputs[0].get_partial_shape()[0].is_dynamic


def test_what_cannot_be_freed_is_refused() -> None:
    pixels = ops.parameter(ov.PartialShape([-1, 16, 16, 3]), np.float32)
    first_only = ops.slice(pixels, np.array([0]), np.array([1]), np.array([1]), np.array([0]))
    network = ov.Model([ops.result(ops.reduce_mean(first_only, np.array([1, 2])))], [pixels], "first")

    with pytest.raises(ModelError, match="dynamic batch size"):
        check_batch(network, "NHWC", 16)


def test_a_network_that_answers_with_nan_is_refused() -> None:
    with pytest.raises(ModelError, match="NaN or infinity"):
        check_batch(build_graph(weights=np.sign(WEIGHTS) * np.float32(3e38)), "NHWC", 16)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda x: ops.multiply(x, np.float32(1 / 255)), True),
        (lambda x: ops.divide(x, np.float32(127.5)), True),
        (lambda x: ops.subtract(ops.transpose(x, np.array([0, 3, 1, 2])), np.full((1, 3, 1, 1), 103.9, "f4")), True),
        (lambda x: ops.multiply(x, np.float32(2)), False),
        (lambda x: ops.subtract(x, np.float32(0.5)), False),
        (lambda x: ops.relu(x), False),
    ],
)
def test_a_network_that_makes_pixels_small_by_itself_is_recognised(step: Any, expected: bool) -> None:
    pixels = ops.parameter(ov.PartialShape([-1, 16, 16, 3]), np.float32)

    assert scales_itself(ov.Model([ops.result(step(pixels))], [pixels], "front")) is expected

from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.engines import BATCHES, build_lanes, engine_ratios, precision_of
from pipelines.bench.model import BenchModel
from pipelines.bench.parity import Said

MODEL = BenchModel("compact_cnn", Path("artefact"), "bench", 1, {"ours": {"0.jpg": Said("0.jpg", "cat", 0.9)}})


def round_of(fps: float, label: str = "cat") -> dict[str, Any]:
    return {"said": [["0.jpg", label, 0.9]], "rates": {str(batch): {"fps": fps * batch} for batch in BATCHES}}


@pytest.mark.parametrize(
    ("engine", "precision"),
    [("openvino f32", "f32"), ("openvino bf16", "bf16"), ("openvino int8", "int8"), ("keras", "f32")],
)
def test_an_engine_is_judged_by_its_precision(engine: str, precision: str) -> None:
    assert precision_of(engine) == precision


def test_an_engine_is_one_lane_for_each_batch_size() -> None:
    lanes = build_lanes("keras", MODEL, [round_of(10), round_of(20)], None)

    assert [lane.name for lane in lanes] == [f"keras, batch {batch}" for batch in BATCHES]
    assert lanes[0].spreads()["fps"].median == 15
    assert all(lane.counts for lane in lanes)


def test_an_engine_that_answers_otherwise_has_figures_that_do_not_count() -> None:
    lanes = build_lanes("onnxruntime", MODEL, [round_of(10, "dog")], None)

    assert not any(lane.counts for lane in lanes)
    assert lanes[0].spreads()["fps"].median == 10


def test_an_engine_that_is_not_here_says_why() -> None:
    (lane,) = build_lanes("openvino bf16", MODEL, [], "this processor does not compute in bf16")

    assert lane.not_counted == "this processor does not compute in bf16"


def test_ratios_compare_at_one_batch_size() -> None:
    lanes = [
        *build_lanes("openvino f32", MODEL, [round_of(30)], None),
        *build_lanes("keras", MODEL, [round_of(10)], None),
    ]

    found = engine_ratios(lanes)

    keras = found["openvino_f32_over_keras"]
    assert keras is not None
    assert keras.median == 3
    assert found["openvino_bf16_over_f32"] is None

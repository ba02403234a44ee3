from pathlib import Path

import numpy as np
import pytest

from pipelines.bench.engine_kinds import ENGINES, open_engine
from tests.stream.models.made_artefact import SIDE, make_artefact


@pytest.mark.parametrize("batch", [1, 4])
def test_openvino_answers_batches_of_any_size(tmp_path: Path, batch: int) -> None:
    ask = open_engine("openvino f32", make_artefact(tmp_path / "artefact"), tmp_path)

    answers = np.asarray(ask(np.full((batch, SIDE, SIDE, 3), (200, 0, 0), np.uint8)))

    assert answers.shape == (batch, 3)
    assert (answers.argmax(axis=1) == 0).all()


def test_lower_precisions_are_measured_beside_f32_and_other_runtimes() -> None:
    assert {"openvino f32", "openvino bf16", "openvino int8", "onnxruntime", "litert", "keras"} == set(ENGINES)

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.export.formats import NotChecked, Pixels, Source, Timed
from pipelines.export.measuring import Measured, check_measured, measure_format
from pipelines.export.parity import Parity

PIXELS = np.zeros((4, 8, 8, 3), np.uint8)
EXPECTED = np.array([[0.9, 0.1]] * 4)


class Fixed:
    """A format whose runtime gives an answer that was made before."""

    name: Any = "onnx"

    def __init__(self, said: Timed | NotChecked) -> None:
        self.said = said

    def write(self, source: Source, folder: Path) -> None: ...

    def answer(self, folder: Path, pixels: Pixels) -> Timed | NotChecked:
        return self.said


def test_a_runtime_is_measured_by_its_answers_its_time_and_its_size(tmp_path: Path) -> None:
    (tmp_path / "network").write_bytes(b"12345")
    said = Timed(np.array([[0.8, 0.2]] * 3 + [[0.4, 0.6]], np.float32), np.array([1.0, 2.0, 3.0, 10.0]))

    row = measure_format(Fixed(said), tmp_path, PIXELS, EXPECTED)

    assert row.parity
    assert row.parity.max_difference == pytest.approx(0.5)
    assert (row.parity.top1_agreement, row.p50_ms, row.size_bytes) == (0.75, 2.5, 5)


def test_parity_that_cannot_be_checked_is_never_claimed(tmp_path: Path) -> None:
    row = measure_format(Fixed(NotChecked("no Chromium")), tmp_path, PIXELS, EXPECTED)

    assert (row.parity, row.p50_ms, row.not_checked) == (None, None, "no Chromium")
    assert set(row.metrics()) == {"size_bytes"}


@pytest.mark.parametrize(
    ("form", "difference", "agreement", "allowed"),
    [
        ("onnx", 1e-3, 0.99, True),
        ("litert", 1.1e-3, 1.0, False),
        ("openvino", 1.1e-3, 1.0, False),
        ("tfjs", 1e-2, 1.0, True),
        ("tfjs", 1.1e-2, 1.0, False),
        ("tfjs", 1e-5, 0.99, False),
    ],
)
def test_each_format_may_stray_so_far(form: Any, difference: float, agreement: float, allowed: bool) -> None:
    row = Measured(form, Parity(difference, agreement, 100), 1.0, 2.0, 10)

    if allowed:
        check_measured(row, 1e-3)
    else:
        with pytest.raises(ModelError, match="Expected the"):
            check_measured(row, 1e-3)


def test_a_lower_precision_was_judged_by_its_answers() -> None:
    check_measured(Measured("openvino", Parity(0.2, 0.99, 100), 1.0, 2.0, 10), 1e-3, "int8")

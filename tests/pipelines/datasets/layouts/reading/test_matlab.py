from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from pipelines.datasets.layouts.reading.matlab import read_cells, read_struct
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import annotate, make_annotations, save_cells


def test_cells_are_text_numbers_or_nothing(tmp_path: Path) -> None:
    save_cells(tmp_path / "a.mat", names=[["Audi", "Audi Q5", 366], ["丰田", None, 2.5]])

    assert read_cells(tmp_path / "a.mat", "names") == [["Audi", "Audi Q5", 366], ["丰田", None, 2.5]]


def test_a_row_of_cells_becomes_a_column(tmp_path: Path) -> None:
    save_cells(tmp_path / "a.mat", names=[["a", "b", "c"]])

    assert read_cells(tmp_path / "a.mat", "names") == [["a"], ["b"], ["c"]]


def test_fields_of_a_struct_array_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    rows = [annotate("1.jpg", 3), annotate("2.jpg", 4)]
    savemat(tmp_path / "a.mat", {"annotations": make_annotations(rows)})

    assert read_struct(tmp_path / "a.mat", "annotations", ("class", "fname")) == [(3, "1.jpg"), (4, "2.jpg")]


@pytest.mark.parametrize("content", [b"", b"words", b"x" * 1000, bytes(300), b"MATLAB 7.3" + bytes(2000)])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)

    with pytest.raises(DatasetError, match=r"Expected a MATLAB file .* Fetch it again\.") as refused:
        read_cells(tmp_path / "a.mat", "names")

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [7, "words", np.eye(3), np.zeros((2, 2, 2), object)])
def test_a_variable_that_is_no_list_is_refused(tmp_path: Path, value: Any) -> None:
    savemat(tmp_path / "a.mat", {"names": value})

    with pytest.raises(DatasetError):
        read_cells(tmp_path / "a.mat", "names")


def test_the_variable_that_is_missing_is_named(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"other": 1})

    with pytest.raises(DatasetError, match="it has no variable names"):
        read_cells(tmp_path / "a.mat", "names")


def test_a_file_that_is_far_larger_than_a_list_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.mat").open("wb") as stream:
        stream.truncate(4_000_000_000)

    with pytest.raises(DatasetError, match="it has more than 32000000 bytes"):
        read_cells(tmp_path / "a.mat", "names")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.mat, .*No such file"):
        read_cells(tmp_path / "a.mat", "names")

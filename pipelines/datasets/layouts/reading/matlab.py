"""Lists in MATLAB's files: cell arrays by rows, struct arrays by fields."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.datasets.layouts.reading.matlab_format import Array, FormatError, parse_variable
from pipelines.errors import DatasetError

LARGEST_FILE: Final = 32_000_000
"""Bytes; the lists that are read here have one or two million."""


def read_cells(file: Path, variable: str) -> list[list[Any]]:
    """A two-dimensional cell array by rows: text, numbers, or None for an empty cell.

    A row of cells, as class names often are, becomes a column. Raises DatasetError.
    """
    cells = _read(file, variable)
    if cells.kind != "cell" or len(cells.shape) != 2:
        raise _refuse(file, f"{variable} is no table of cells")
    rows, columns = cells.shape
    if rows == 1:
        rows, columns = columns, 1
    return [[cells.values[row + rows * column] for column in range(columns)] for row in range(rows)]


def read_struct(file: Path, variable: str, fields: Sequence[str]) -> list[tuple[Any, ...]]:
    """The given fields of each element of a struct array. Raises DatasetError naming the fields that are missing."""
    records = _read(file, variable)
    missing = [name for name in fields if name not in records.fields]
    if missing:
        raise _refuse(file, f"{variable} has no {', '.join(missing)}")
    places = [records.fields.index(name) for name in fields]
    return [tuple(record[place] for place in places) for record in records.values]


def _read(file: Path, variable: str) -> Array:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise FormatError(f"it has more than {LARGEST_FILE} bytes")
        found = parse_variable(file.read_bytes(), variable)
    except (OSError, FormatError) as error:
        raise _refuse(file, str(error)) from error
    if found is None:
        raise _refuse(file, f"it has no variable {variable}")
    return found


def _refuse(file: Path, came: str) -> DatasetError:
    return DatasetError(
        f"Expected a MATLAB file of version 5 to 7.2 as its authors publish it at {file}, {came}. Fetch it again."
    )

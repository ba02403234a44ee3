"""MATLAB's files (version 5 to 7.2) as plain lists: cells of text, and tables of a struct array."""

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.errors import DatasetError

LARGEST_FILE: Final = 64_000_000
LARGEST_INFLATED: Final = 128_000_000
"""Bytes; the lists of Stanford Cars have 2 MB."""
LARGEST_ARRAY: Final = 5_000_000
"""Cells; an array's size is only declared, and scipy makes room for it before it reads."""
COMPRESSED: Final = 15
HEADER_BYTES: Final = 128


def read_cells(file: Path, variable: str) -> list[list[Any]]:
    """A two-dimensional cell array by rows: text, numbers, or None for an empty cell.

    A row of cells, as class names often are, becomes a column. Raises DatasetError.
    """
    cells = _load(file, variable)
    if cells.ndim != 2 or cells.dtype != object:
        raise _refuse(file, f"{variable} is an array of {cells.dtype}, not of cells")
    if cells.shape[0] == 1:
        cells = cells.T
    return [[_plain(cell) for cell in row] for row in cells]


def read_struct(file: Path, variable: str, fields: Sequence[str]) -> list[tuple[Any, ...]]:
    """The given fields of each element of a struct array. Raises DatasetError naming the fields that are missing."""
    records = _load(file, variable)
    missing = [name for name in fields if name not in (records.dtype.names or ())]
    if missing:
        raise _refuse(file, f"{variable} has no {', '.join(missing)}")
    return [tuple(_plain(record[name]) for name in fields) for record in records.ravel()]


def read_fields(file: Path, variable: str) -> tuple[str, ...]:
    """Names of the fields of a struct array; none for another kind."""
    return tuple(_load(file, variable).dtype.names or ())


def _load(file: Path, variable: str) -> Any:
    from scipy.io import loadmat, whosmat

    try:
        _check_size(file)
        if any(math.prod(shape) > LARGEST_ARRAY for name, shape, _ in whosmat(file) if name == variable):
            raise _refuse(file, f"{variable} has more than {LARGEST_ARRAY} cells")
        content = loadmat(file, variable_names=(variable,), chars_as_strings=True, struct_as_record=True)
    except DatasetError:
        raise
    except Exception as error:  # scipy raises TypeError, ValueError, KeyError, zlib.error and more on damaged files
        words = " ".join(str(error).split())[:200]
        raise _refuse(file, f"{type(error).__name__}: {words}") from error
    if variable not in content:
        raise _refuse(file, f"it has no variable {variable}")
    return content[variable]


def _check_size(file: Path) -> None:
    """A few bytes can inflate to gigabytes; scipy would hold them all."""
    if file.stat().st_size > LARGEST_FILE:
        raise _refuse(file, f"it has more than {LARGEST_FILE} bytes")
    content = memoryview(file.read_bytes())
    order = ">" if bytes(content[126:128]) == b"MI" else "<"
    place, total = HEADER_BYTES, 0
    while place + 8 <= len(content):
        kind, length = struct.unpack_from(f"{order}II", content, place)
        if kind == COMPRESSED:
            total += len(zlib.decompressobj().decompress(content[place + 8 : place + 8 + length], LARGEST_INFLATED))
        if total >= LARGEST_INFLATED:
            raise _refuse(file, f"it inflates to more than {LARGEST_INFLATED} bytes")
        place += 8 + length


def _plain(cell: Any) -> Any:
    """What a cell of one value holds; None for an empty one. Cells within cells are opened."""
    while getattr(cell, "size", None) == 1 and hasattr(cell, "dtype"):
        cell = cell.item()
    return None if getattr(cell, "size", 1) == 0 else cell


def _refuse(file: Path, came: str) -> DatasetError:
    return DatasetError(
        f"Expected a MATLAB file of version 5 to 7.2 as its authors publish it at {file}, {came}. Fetch it again."
    )

"""Tables of text, CSV or parquet, read by the names of their columns."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.errors import DatasetError

SUFFIXES: Final = (".csv", ".tsv", ".parquet")
SEPARATORS: Final = ",;\t"
LONGEST_HEADER: Final = 65_536
"""Bytes; a first line without an end is no table."""


def read_columns(file: Path) -> tuple[str, ...]:
    """Names of the columns as they are written; none for a file that is no table."""
    try:
        if file.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            return tuple(pq.read_schema(file).names)
        with file.open("rb") as stream:
            line = stream.readline(LONGEST_HEADER).decode("utf-8-sig")
        return tuple(next(csv.reader([line], delimiter=_separator(line)), ()))
    except (OSError, ValueError, csv.Error):  # ValueError: bytes that are no text, and what pyarrow raises
        return ()


def read_rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The values of `columns`, one tuple of stripped text a row. Raises DatasetError for a file that is no table."""
    read = _read_parquet if file.suffix.lower() == ".parquet" else _read_csv
    try:
        yield from read(file, columns)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        words = " ".join(str(error).split())[:200]
        raise DatasetError(
            f"Expected a table with the columns {', '.join(columns)} at {file}. {type(error).__name__}: {words}. "
            "Correct or remove it."
        ) from error


def find_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The column that bears the first of `names` that any bears, whatever its case."""
    known: Mapping[str, str] = {column.strip().casefold(): column for column in reversed(columns)}
    return next((known[name] for name in names if name in known), None)


def _read_csv(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    with file.open(newline="", encoding="utf-8-sig") as stream:
        line = stream.readline(LONGEST_HEADER)
        stream.seek(0)
        rows = csv.reader(stream, delimiter=_separator(line))
        header = next(rows, [])
        places = [header.index(column) for column in columns]
        for row in rows:
            if row:
                yield tuple(row[place].strip() if place < len(row) else "" for place in places)


def _read_parquet(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as table:
        for column in columns:
            kind = table.schema_arrow.field(column).type
            if pa.types.is_nested(kind) or pa.types.is_binary(kind):
                raise ValueError(f"{column} holds {kind}, not text or numbers")
        for batch in table.iter_batches(columns=list(columns)):
            yield from zip(*(map(_as_text, batch.column(column).to_pylist()) for column in columns), strict=True)


def _separator(line: str) -> str:
    return max(SEPARATORS, key=line.count)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():  # whole numbers that pandas kept as floats
        return str(int(value))
    return str(value).strip()

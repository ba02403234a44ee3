"""near_duplicates.parquet: the pairs of pictures that look alike, as `prepare` found them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.errors import DatasetError

NEAR_DUPLICATES_FILE: Final = "near_duplicates.parquet"


@dataclass(frozen=True, slots=True, order=True)
class NearDuplicate:
    """Two pictures that look alike; path_a is the smaller one."""

    path_a: str
    path_b: str
    distance: float
    """0 for the same look, at most `prepare.near_duplicates.distance`."""


def write_near_duplicates(folder: Path, pairs: Sequence[NearDuplicate]) -> None:
    """One row a pair, sorted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(pairs)
    columns = {
        "path_a": pa.array([pair.path_a for pair in ordered], pa.string()),
        "path_b": pa.array([pair.path_b for pair in ordered], pa.string()),
        "distance": pa.array([pair.distance for pair in ordered], pa.float32()),
    }
    pq.write_table(pa.table(columns), folder / NEAR_DUPLICATES_FILE)


def read_near_duplicates(folder: Path) -> tuple[NearDuplicate, ...]:
    """Every pair. Raises DatasetError when the folder was never prepared."""
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(folder / NEAR_DUPLICATES_FILE).to_pylist()
    except FileNotFoundError:
        raise DatasetError(f"Expected {NEAR_DUPLICATES_FILE} in {folder}, found none. Run `dvc repro`.") from None
    return tuple(NearDuplicate(row["path_a"], row["path_b"], row["distance"]) for row in rows)

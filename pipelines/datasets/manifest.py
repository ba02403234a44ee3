"""What `prepare` wrote, in words: manifest.parquet, rejected.csv, summary.json and class_names.json."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from pipelines.datasets.shards import CLASS_NAMES_FILE
from pipelines.datasets.splits import SPLITS, Split
from pipelines.errors import DatasetError
from pipelines.stage_params import SplitShares

MANIFEST_FILE = "manifest.parquet"
REJECTED_FILE = "rejected.csv"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One usable picture."""

    path: str
    """Below data/raw/<classifier>, such as `cats/cat.1.jpg`."""
    sha256: str
    """Of the file."""
    perceptual_hash: str
    """What it looks like, in 16 hex digits; of pictures that look alike most bits agree."""
    label: str
    split: Split
    group: str
    """Pictures that look alike share one, and a split; the sha256 of the first of them that came."""
    width: int
    height: int
    """Pixels of what is used of the file, upright: its box where it has one; the shards may hold it smaller."""
    origin: str
    """Where it came from: its path in the imported folder, or its path here."""


CONTRADICTION: Final = "The same picture lies in"
"""How the reason begins for a picture whose bytes lie in two classes; the audit counts these."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that did not become a picture of the dataset."""

    file: str
    reason: str


def write_manifest(folder: Path, rows: Sequence[ManifestRow]) -> None:
    """One row a picture, sorted by path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: row.path)
    columns = {
        field.name: pa.array(
            [getattr(row, field.name) for row in ordered], pa.int32() if field.type is int else pa.string()
        )
        for field in fields(ManifestRow)
    }
    pq.write_table(pa.table(columns), folder / MANIFEST_FILE)


def read_manifest(folder: Path) -> tuple[ManifestRow, ...]:
    """Every row, sorted by path. Raises DatasetError when the folder was never prepared, or by another version."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [field.name for field in fields(ManifestRow)]
    try:
        table = pq.ParquetFile(folder / MANIFEST_FILE).read(columns=names)  # read_table would import pandas
        return tuple(ManifestRow(*row) for row in zip(*(table[name].to_pylist() for name in names), strict=True))
    except FileNotFoundError:
        raise DatasetError(f"Expected a manifest in {folder}, found none. Run `dvc repro`.") from None
    except (pa.ArrowException, KeyError) as error:
        raise DatasetError(
            f"Expected the columns {', '.join(names)} in {folder / MANIFEST_FILE}. Run `dvc repro`."
        ) from error


def write_rejected(folder: Path, rejected: Iterable[Rejected]) -> None:
    """Columns file and reason; only the heading when nothing was rejected."""
    with (folder / REJECTED_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "reason"))
        writer.writerows((each.file, each.reason) for each in rejected)


def write_class_names(folder: Path, names: Sequence[str]) -> None:
    """A JSON list; a label index is a place in it."""
    _write_json(folder / CLASS_NAMES_FILE, list(names))


def write_summary(folder: Path, rows: Sequence[ManifestRow], rejected: Sequence[Rejected], shares: SplitShares) -> None:
    """Counts for `dvc metrics show`, with the wanted and the achieved share of each split."""
    by_split = Counter(row.split for row in rows)
    by_class = Counter((row.split, row.label) for row in rows)
    sizes = Counter(row.label for row in rows)
    labels = sorted(sizes)
    summary = {
        "pictures": len(rows),
        "classes": len(labels),
        "rejected": len(rejected),
        "groups": len({row.group for row in rows}),
        "splits": {split: by_split[split] for split in SPLITS},
        "shares": {
            "wanted": {split: getattr(shares, split) for split in SPLITS},
            "achieved": {split: _share(by_split[split], len(rows)) for split in SPLITS},
            "per_class": {
                label: {split: _share(by_class[split, label], sizes[label]) for split in SPLITS} for label in labels
            },
        },
        "per_class": {split: {label: by_class[split, label] for label in labels} for split in SPLITS},
    }
    _write_json(folder / SUMMARY_FILE, summary)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4)


def _write_json(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

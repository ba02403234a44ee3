"""What `prepare` wrote, in words: manifest.parquet, rejected.csv, summary.json and class_names.json."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.datasets.shards import CLASS_NAMES_FILE
from pipelines.datasets.splits import SPLITS, Split

MANIFEST_FILE = "manifest.parquet"
REJECTED_FILE = "rejected.csv"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One usable picture."""

    file: str
    """Path below data/raw/<classifier>."""
    sha256: str
    label: str
    split: Split
    width: int
    height: int
    """Pixels of the picture in data/raw, upright; the shards may hold it smaller."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that did not become a picture of the dataset."""

    file: str
    reason: str


def write_manifest(folder: Path, rows: Sequence[ManifestRow]) -> None:
    """One row a picture, sorted by file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: row.file)
    text, number = pa.string(), pa.int32()
    columns = {"file": text, "sha256": text, "label": text, "split": text, "width": number, "height": number}
    table = pa.table({name: pa.array([getattr(row, name) for row in ordered], kind) for name, kind in columns.items()})
    pq.write_table(table, folder / MANIFEST_FILE)


def write_rejected(folder: Path, rejected: Iterable[Rejected]) -> None:
    """Columns file and reason; only the heading when nothing was rejected."""
    with (folder / REJECTED_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "reason"))
        writer.writerows((each.file, each.reason) for each in rejected)


def write_class_names(folder: Path, names: Sequence[str]) -> None:
    """A JSON list; a label index is a place in it."""
    _write_json(folder / CLASS_NAMES_FILE, list(names))


def write_summary(folder: Path, rows: Sequence[ManifestRow], rejected: int) -> None:
    """Counts for `dvc metrics show`."""
    by_split = Counter(row.split for row in rows)
    by_class = Counter((row.split, row.label) for row in rows)
    labels = sorted({row.label for row in rows})
    summary = {
        "pictures": len(rows),
        "classes": len(labels),
        "rejected": rejected,
        "splits": {split: by_split[split] for split in SPLITS},
        "per_class": {split: {label: by_class[split, label] for label in labels} for split in SPLITS},
    }
    _write_json(folder / SUMMARY_FILE, summary)


def _write_json(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

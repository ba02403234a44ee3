import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.datasets.manifest import ManifestRow, Rejected, read_manifest, write_manifest, write_summary
from pipelines.errors import DatasetError
from pipelines.stage_params import SplitShares

ROWS = [
    ManifestRow("dog/ñ 1.jpg", "b" * 64, "0f" * 8, "dog", "train", "a" * 64, 40, 30, "pets/dog/1.jpg"),
    ManifestRow("cat/1.jpg", "a" * 64, "0e" * 8, "cat", "test", "a" * 64, 64, 48, "pets/cat/1.jpg"),
    ManifestRow("cat/2.jpg", "c" * 64, "ff" * 8, "cat", "train", "c" * 64, 64, 48, "pets/cat/2.jpg"),
]


def test_rows_come_back_by_path_in_the_columns_that_others_rely_on(tmp_path: Path) -> None:
    write_manifest(tmp_path, ROWS)

    columns = ["path", "sha256", "perceptual_hash", "label", "split", "group", "width", "height", "origin"]
    assert pq.read_schema(tmp_path / "manifest.parquet").names == columns
    assert read_manifest(tmp_path) == tuple(sorted(ROWS, key=lambda row: row.path))


def test_a_manifest_that_is_missing_or_of_another_time_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none"):
        read_manifest(tmp_path)

    pq.write_table(pa.table({"file": ["cat/1.jpg"]}), tmp_path / "manifest.parquet")
    with pytest.raises(DatasetError, match="Expected the columns path, sha256"):
        read_manifest(tmp_path)


def test_the_summary_tells_wanted_and_achieved_shares(tmp_path: Path) -> None:
    write_summary(tmp_path, ROWS, [Rejected("cat/3.jpg", "words")], SplitShares(train=0.5, validation=0, test=0.5))

    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["pictures"], summary["classes"], summary["rejected"], summary["groups"]) == (3, 2, 1, 2)
    assert summary["shares"]["wanted"] == {"train": 0.5, "validation": 0, "test": 0.5}
    assert summary["shares"]["achieved"] == {"train": 0.6667, "validation": 0, "test": 0.3333}
    assert summary["shares"]["per_class"]["cat"] == {"train": 0.5, "validation": 0, "test": 0.5}
    assert summary["per_class"]["train"] == {"cat": 1, "dog": 1}

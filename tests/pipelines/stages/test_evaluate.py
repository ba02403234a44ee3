import csv
import json
from pathlib import Path

import numpy as np

from pipelines.stages.evaluate import write_evaluation


def test_every_file_that_dvc_and_mlflow_show_is_written(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])

    write_evaluation(tmp_path, ("cat", "dog"), labels, probabilities, bins=15)

    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["accuracy"] == 2 / 3
    with (tmp_path / "confusion.csv").open(encoding="utf-8") as stream:
        assert [tuple(row.values()) for row in csv.DictReader(stream)] == [
            ("cat", "cat"),
            ("dog", "dog"),
            ("dog", "cat"),
        ]
    for name in ("confusion.png", "reliability.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")

import csv
import json
from pathlib import Path

from pipelines.evaluation.calibrating import Calibration
from pipelines.evaluation.reference import Reference
from pipelines.stages.evaluate import write_evaluation
from tests.pipelines.evaluation.made import make_evaluation


def test_every_file_that_dvc_mlflow_and_the_next_stage_read_is_written(tmp_path: Path) -> None:
    evaluation, judged, reference = make_evaluation()

    write_evaluation(tmp_path, evaluation, judged, reference)

    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] == evaluation.report.accuracy
    stored = json.loads((tmp_path / "calibration.json").read_text(encoding="utf-8"))
    assert Calibration.parse(stored) == evaluation.calibration
    assert Reference.load(tmp_path / "reference.npz").sha256 == reference.sha256
    with (tmp_path / "confusion.csv").open(encoding="utf-8") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert sum(truth == answer for truth, answer in rows) / 80 == evaluation.report.accuracy
    for name, heading in (("roc", "false positives,true positives,class"), ("risk_coverage", "answered,mistakes")):
        lines = (tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == heading
        assert len(lines) > 10
    for name in ("confusion.png", "reliability.png", "curves.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")

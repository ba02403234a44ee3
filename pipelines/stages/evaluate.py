"""Stage `evaluate`: the trained model on the untouched test split."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.datasets.shards import load_class_names
from pipelines.evaluation.calibration import reliability
from pipelines.evaluation.metrics import Labels, Probabilities, build_report
from pipelines.evaluation_plots import draw_confusion, draw_reliability
from pipelines.params import load_params
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say
from pipelines.training import load_pictures


def evaluate(paths: StagePaths) -> None:
    """Write models/<classifier>/evaluate: metrics.json, confusion.csv, reliability.csv and their pictures."""
    import keras

    params = load_params(paths.workspace).classifier(paths.classifier)
    class_names = load_class_names(paths.prepared)
    pictures = load_pictures(paths.prepared, "test", params.train.image_size)
    model: Any = keras.saving.load_model(paths.train / "model.keras", safe_mode=True)
    probabilities = np.asarray(model.predict(pictures.images, batch_size=64, verbose=0))
    write_evaluation(paths.evaluate, class_names, pictures.labels, probabilities, params.evaluate.calibration_bins)


def write_evaluation(
    folder: Path, class_names: Sequence[str], labels: Labels, probabilities: Probabilities, bins: int
) -> None:
    """Every file of the stage; the csv files are what `dvc plots` draws."""
    folder.mkdir(parents=True, exist_ok=True)
    report = build_report(labels, probabilities, bins)
    predicted = probabilities.argmax(axis=1)
    (folder / "metrics.json").write_text(json.dumps(report.metrics(), indent=2), encoding="utf-8")
    answers = ((class_names[truth], class_names[answer]) for truth, answer in zip(labels, predicted, strict=True))
    _write_csv(folder / "confusion.csv", ("actual", "predicted"), answers)
    curve = reliability(labels, probabilities, bins)
    _write_csv(folder / "reliability.csv", ("confidence", "accuracy", "pictures"), curve)
    draw_confusion(folder / "confusion.png", labels, predicted, class_names)
    draw_reliability(folder / "reliability.png", curve)
    say(f"test: accuracy {report.accuracy:.3f}, macro-F1 {report.macro_f1:.3f} on {report.pictures} pictures")


def _write_csv(file: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage(evaluate)

"""Stage `evaluate`: calibrated on the validation split, then measured on the untouched test split."""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.shards import load_class_names
from pipelines.datasets.versions import read_dataset_version
from pipelines.evaluation.answering import Answers, Network
from pipelines.evaluation.calibrating import CALIBRATION_FILE, Answered, calibrate
from pipelines.evaluation.calibration import apply_temperature
from pipelines.evaluation.evaluating import Evaluation, Judged, evaluate_answers
from pipelines.evaluation.model_card import CardFacts, build_model_card
from pipelines.evaluation.plots import draw_confusion, draw_curves, draw_reliability
from pipelines.evaluation.reference import REFERENCE_FILE, Reference, choose_reference
from pipelines.evaluation.report_page import ReportHeading, build_report_page
from pipelines.evaluation.robustness import measure_robustness
from pipelines.evaluation.slices import measure_slices, read_looks
from pipelines.models.contract import subject_of
from pipelines.models.face_embedding import answer_without_itself
from pipelines.params import load_params
from pipelines.preprocessing import Decoding, OrWhole, Subject, build_preprocessing
from pipelines.settings import load_settings
from pipelines.stage_params import EvaluateParams
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say
from pipelines.training.keeping import NETWORK_FILE, read_plan
from pipelines.training.pictures import Pictures, load_pictures

REPORT_FILE: Final = "report.json"
CURVES: Final = {
    "roc": ("false positives", "true positives"),
    "precision_recall": ("recall", "precision"),
}
"""Field of a class's curves -> what its points are."""


@dataclass(frozen=True, slots=True)
class Splits:
    """A classifier's pictures, decoded."""

    train: Pictures
    validation: Pictures
    test: Pictures


def evaluate(paths: StagePaths) -> None:
    """Write models/<classifier>/evaluate: metrics, calibration, training features, report, plots."""
    params = load_params(paths.workspace).classifier(paths.classifier)
    class_names = load_class_names(paths.prepared)
    plan = read_plan(paths.train)
    subject, size = subject_of(plan.architecture), plan.image_size
    splits = load_splits(paths.prepared, subject, (size, size), plan.decoding)
    file = paths.train / NETWORK_FILE
    replay = _build_replay(splits, len(class_names)) if subject == "face" else None
    evaluation, judged, reference = evaluate_network(
        Network(file, (size, size)), splits, class_names, params.evaluate, replay
    )
    right = judged.probabilities.argmax(axis=1) == judged.labels
    slices = measure_slices(right, read_looks(paths.prepared, splits.test.files))
    size_bytes = sum(each.stat().st_size for each in (file, file.with_suffix(".bin")))
    evaluation = replace(evaluation, size_bytes=size_bytes, slices=slices)
    write_evaluation(paths.evaluate, evaluation, judged, reference)
    facts = CardFacts(
        classifier=paths.classifier,
        architecture=plan.architecture,
        image_size=size,
        dataset_md5=read_dataset_version(paths.workspace, paths.classifier).md5,
        training_pictures=len(splits.train.labels),
        validation_pictures=len(splits.validation.labels),
    )
    write_pages(paths.evaluate, facts, splits, evaluation, judged)
    report, accuracy = evaluation.report, evaluation.intervals["accuracy"]
    say(
        f"test: accuracy {report.accuracy:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f}), macro-F1 "
        f"{report.macro_f1:.3f}, calibration error {report.ece:.3f} (before {evaluation.ece_before:.3f}, floor "
        f"{report.ece_floor:.3f}) on {report.pictures} pictures"
    )


def load_splits(prepared: Path, subject: Subject, size_hw: tuple[int, int], decoding: Decoding) -> Splits:
    """As the network sees them; what is judged or calibrated with is all there, even where there is no face."""
    preprocessing = build_preprocessing(subject, size_hw, load_settings().weights_dir, decoding)
    held = (load_pictures(prepared, split, OrWhole(preprocessing, size_hw)) for split in ("validation", "test"))
    return Splits(load_pictures(prepared, "train", preprocessing), *held)


def evaluate_network(
    network: Network,
    splits: Splits,
    class_names: tuple[str, ...],
    params: EvaluateParams,
    replay: Callable[[Answers], NDArray[np.float32]] | None = None,
) -> tuple[Evaluation, Judged, Reference]:
    """The test split is answered once, after everything has been settled on the others.

    `replay` makes of the answers to the training pictures those of a model that had not seen each of them.
    """
    train = network.answer(splits.train.images)
    reference = choose_reference(train, splits.train.labels, splits.train.sha256)
    held = network.answer(splits.validation.images)
    more = Answered(splits.train.labels, replay(train)) if replay else None
    calibration = calibrate(splits.validation.labels, held, reference, params, more)
    judged = _judge(network.answer(splits.test.images), splits.test, calibration.temperature)
    evaluation = evaluate_answers(class_names, judged, reference, calibration, params)
    most = params.robustness_pictures
    evaluation = replace(
        evaluation,
        robustness=measure_robustness(network, lambda: splits.test.images[:most], splits.test.labels[:most]),
        latency=network.measure_latency(splits.test.images[0]),
    )
    return evaluation, judged, reference


def write_evaluation(folder: Path, evaluation: Evaluation, judged: Judged, reference: Reference) -> None:
    """Every file of the stage; the csv files are what `dvc plots` draws."""
    folder.mkdir(parents=True, exist_ok=True)
    names = evaluation.class_names
    predicted = judged.probabilities.argmax(axis=1)
    _write_json(folder / "metrics.json", evaluation.report.metrics())
    if evaluation.calibration is not None:
        _write_json(folder / CALIBRATION_FILE, evaluation.calibration.document())
    _write_json(folder / REPORT_FILE, evaluation.document())
    reference.save(folder / REFERENCE_FILE)
    answers = ((names[truth], names[answer]) for truth, answer in zip(judged.labels, predicted, strict=True))
    _write_csv(folder / "confusion.csv", ("actual", "predicted"), answers)
    _write_csv(folder / "reliability.csv", ("confidence", "accuracy", "pictures"), evaluation.reliability)
    _write_csv(folder / "risk_coverage.csv", ("answered", "mistakes"), evaluation.risk_coverage)
    for name, axes in CURVES.items():
        rows = ((*point, names[each.label_index]) for each in evaluation.curves for point in getattr(each, name))
        _write_csv(folder / f"{name}.csv", (*axes, "class"), rows)
    draw_curves(folder / "curves.png", evaluation)
    draw_confusion(folder / "confusion.png", judged.labels, predicted, names)
    draw_reliability(folder / "reliability.png", evaluation.reliability)


def write_pages(folder: Path, facts: CardFacts, splits: Splits, evaluation: Evaluation, judged: Judged) -> None:
    """report.html and model_card.md."""
    rows = {digest: row for row, digest in enumerate(splits.train.sha256)}
    heading = ReportHeading(
        title=f"{facts.classifier}: {len(evaluation.class_names)} classes",
        lede=f"{facts.architecture} at {facts.image_size} pixels, {facts.provenance}.",
        dataset=f"Dataset version {facts.dataset_md5}; its test split was answered once, after all was settled.",
    )
    page = build_report_page(
        heading,
        evaluation,
        judged,
        lambda row: splits.test.images[row],
        lambda digest: splits.train.images[rows[digest]] if digest in rows else None,
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "model_card.md").write_text(build_model_card(facts, evaluation), encoding="utf-8")


def _build_replay(splits: Splits, class_count: int) -> Callable[[Answers], NDArray[np.float32]]:
    return lambda train: answer_without_itself(train.features, splits.train.labels, class_count)


def _judge(answers: Answers, pictures: Pictures, temperature: float) -> Judged:
    return Judged(pictures.labels, answers, apply_temperature(answers.probabilities, temperature))


def _write_json(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


def _write_csv(file: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage(evaluate)

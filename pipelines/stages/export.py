"""Stage `export`: the artefact that serves, and how far each runtime strays from Keras."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.artefact import Precision, ServingCard, ValidationAnswers
from pipelines.datasets.shards import load_class_names, read_split
from pipelines.datasets.versions import read_dataset_version
from pipelines.evaluation.calibrating import CALIBRATION_FILE, Calibration
from pipelines.evaluation.reference import REFERENCE_FILE, Reference
from pipelines.export.exporting import collect_pixels, read_labelled_pixels
from pipelines.export.formats import Source
from pipelines.export.golden import build_golden, choose_golden
from pipelines.export.keras import use_one_thread
from pipelines.export.measuring import Measured, ask_keras, build_format, check_measured, measure_format
from pipelines.export.precision import settle_precision
from pipelines.export.writing import write_artefact
from pipelines.faces.detection import find_detector
from pipelines.images import decode_image
from pipelines.models.contract import load_trained, set_temperature, subject_of
from pipelines.params import load_params
from pipelines.preprocessing import Preprocessing, build_preprocessing, describe_preprocessing, settle_decoding
from pipelines.settings import load_settings
from pipelines.stage_params import ExportParams
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say
from pipelines.training.keeping import read_plan

BITS: Mapping[Precision, float] = {"f32": 32.0, "bf16": 16.0, "int8": 8.0}


def export(paths: StagePaths) -> None:
    """Write models/<classifier>/export: the artefact folder `model` and parity.json."""
    params = load_params(paths.workspace).classifier(paths.classifier).export
    if "keras" in params.formats:
        use_one_thread()
    calibration = Calibration.parse(json.loads((paths.evaluate / CALIBRATION_FILE).read_text(encoding="utf-8")))
    model = load_trained(paths.train / "model.keras")
    set_temperature(model, calibration.temperature)
    card = build_card(paths, model, calibration)
    detector = find_detector(load_settings().weights_dir) if card.subject == "face" else None
    preprocessing = build_preprocessing(card.subject, (card.image_size, card.image_size), detector, card.decoding)
    artefact = paths.export / "model"
    write_artefact(
        model,
        card,
        decode_image(next(read_split(paths.prepared, "test")).encoded),
        artefact,
        reference=Reference.load(paths.evaluate / REFERENCE_FILE),
        detector=detector,
        golden=build_golden(model, preprocessing, choose_golden(read_split(paths.prepared, "test"))),
    )
    figures = try_precision(paths, card, preprocessing, params.precision)
    figures |= measure_runtimes(paths, Source(artefact, model), params)
    (paths.export / "parity.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")


def build_card(paths: StagePaths, model: Any, calibration: Calibration) -> ServingCard:
    """What a worker must know beside the network; in f32 until a lower precision has proved itself."""
    subject, plan = subject_of(str(model.name)), read_plan(paths.train)
    return ServingCard(
        classifier=paths.classifier,
        class_names=load_class_names(paths.prepared),
        image_size=int(model.input_shape[1]),
        preprocessing=describe_preprocessing(subject, plan.decoding),
        dataset_md5=read_dataset_version(paths.workspace, paths.classifier).md5,
        subject=subject,
        temperature=calibration.temperature,
        unknown=calibration.unknown,
        validation=ValidationAnswers(calibration.pictures, calibration.label_shares, calibration.false_reject_rate),
        decoding=settle_decoding(subject, plan.decoding),
    )


def try_precision(
    paths: StagePaths, card: ServingCard, preprocessing: Preprocessing, wanted: Precision
) -> dict[str, float]:
    """A lower precision serves where it answers like f32; the figures are kept either way."""
    if wanted == "f32":
        return {}
    pixels, labels = read_labelled_pixels(paths.prepared, "validation", card, preprocessing)
    trial = settle_precision(paths.export / "model", wanted, pixels, labels)
    verdict = "it serves" if trial.allowed else f"refused, f32 serves: {'; '.join(trial.reasons)}"
    say(f"{wanted}: same answers on {trial.top1_agreement:.2%} of {trial.pictures} validation pictures; {verdict}")
    return {f"{wanted}_{key}": value for key, value in trial.metrics().items()}


def measure_runtimes(paths: StagePaths, source: Source, params: ExportParams) -> dict[str, float]:
    """The served network's figures as `max_difference`, ..., those of every format with its name before them."""
    card = ServingCard.load(source.artefact)
    pixels, _ = collect_pixels(source.artefact, card, paths.prepared)
    expected = ask_keras(source.model, pixels)
    figures: dict[str, float] = {"precision_bits": BITS[card.precision]}
    for name in dict.fromkeys((params.format, *params.formats)):
        form = build_format(name, load_settings().state / "tools", card.precision)
        with tempfile.TemporaryDirectory() as folder:
            form.write(source, Path(folder))
            row = measure_format(form, Path(folder), pixels, expected)
        check_measured(row, params.max_difference, card.precision if name == params.format else "f32")
        say(describe_row(row))
        figures |= {f"{name}_{key}": value for key, value in row.metrics().items()}
        if name == params.format and row.parity:
            figures |= row.parity.metrics()
    return figures


def describe_row(row: Measured) -> str:
    """One line a runtime."""
    if row.parity is None:
        return f"{row.format}: parity not checked, {row.not_checked}"
    return (
        f"{row.format}: at most {row.parity.max_difference:.1e} from Keras on {row.parity.pictures} pictures, "
        f"{row.p50_ms:.1f} ms a picture"
    )


if __name__ == "__main__":
    run_stage(export)

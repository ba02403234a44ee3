import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from pipelines.artefact import GOLDEN_FILE, NETWORK_FILE, ServingCard, ValidationAnswers, digest_artefact
from pipelines.datasets.shards import write_split
from pipelines.datasets.splits import Split
from pipelines.evaluation.answering import Answers
from pipelines.evaluation.calibrating import Calibration
from pipelines.evaluation.reference import choose_reference
from pipelines.evaluation.unknown import UnknownThresholds, normalise_features
from pipelines.export import compare
from pipelines.golden import GoldenPictures
from pipelines.inference import load_classifier
from pipelines.models.compact_cnn import build_compact_cnn
from pipelines.stages.export import export
from pipelines.stages.running import StagePaths
from pipelines.training.keeping import PLAN_FILE
from pipelines.training.params import TrainPlan
from tests.pipelines.export.test_golden import PICTURES

pytestmark = pytest.mark.integration


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StagePaths:
    """What the stages before leave, of a model that was never trained."""
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    paths = StagePaths(tmp_path, "boats")
    splits: tuple[Split, ...] = ("validation", "test")
    for folder in (paths.prepared, paths.train, paths.evaluate, paths.export, tmp_path / "data" / "raw"):
        folder.mkdir(parents=True)
    for split in splits:
        write_split(paths.prepared, split, PICTURES, len(PICTURES), 512)
    (paths.prepared / "class_names.json").write_text('["barge", "canoe", "yawl"]', encoding="utf-8")
    (tmp_path / "data" / "raw" / "boats.dvc").write_text(f"outs:\n- md5: {'a' * 32}.dir\n  path: boats\n")
    build_compact_cnn(3, 32, 0.2, 7).save(paths.train / "model.keras")
    (paths.train / PLAN_FILE).write_text(TrainPlan().model_dump_json(), encoding="utf-8")
    calibration = Calibration(2.0, UnknownThresholds(0.1, 0.3, 1.0, 2.0, 3.0), 0.2, 0.1, 0.04, 24, (0.5, 0.25, 0.25))
    (paths.evaluate / "calibration.json").write_text(json.dumps(asdict(calibration)), encoding="utf-8")
    rows = normalise_features(np.random.default_rng(1).normal(size=(6, 128)))
    answers = Answers(np.full((6, 3), 1 / 3, np.float32), rows, rows)
    digests = tuple(f"{number:064x}" for number in range(6))
    choose_reference(answers, np.zeros(6, np.int64), digests).save(paths.evaluate / "reference.npz")
    return paths


def run(paths: StagePaths, params: str) -> dict[str, float]:
    (paths.workspace / "params.yaml").write_text(f"classifiers: {{boats: {{export: {params}}}}}\n", encoding="utf-8")
    export(paths)
    figures: dict[str, float] = json.loads((paths.export / "parity.json").read_text(encoding="utf-8"))
    return figures


def test_the_artefact_is_whole_and_a_loaded_copy_can_check_itself(paths: StagePaths) -> None:
    figures = run(paths, "{formats: [openvino, onnx]}")

    artefact = paths.export / "model"
    digest_artefact(artefact)
    card = ServingCard.load(artefact)
    assert (card.precision, card.validation) == ("f32", ValidationAnswers(24, (0.5, 0.25, 0.25), 0.04))
    golden = GoldenPictures.load(artefact / GOLDEN_FILE)
    said = load_classifier(artefact, "boats", 1).infer(golden.images()).probabilities
    assert compare(golden.probabilities, said).max_difference <= 1e-3
    assert figures["max_difference"] == figures["openvino_max_difference"] <= 1e-3
    assert figures["onnx_max_difference"] <= 1e-3
    assert (figures["top1_agreement"], figures["precision_bits"]) == (1, 32)
    assert all(isinstance(value, float) for value in figures.values())


def test_the_same_inputs_make_the_same_golden_pictures(paths: StagePaths) -> None:
    run(paths, "{}")
    first = (paths.export / "model" / GOLDEN_FILE).read_bytes()
    run(paths, "{}")

    assert (paths.export / "model" / GOLDEN_FILE).read_bytes() == first


def test_a_precision_that_is_refused_is_recorded_and_f32_serves(
    paths: StagePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.export.precision.LEAST_AGREEMENT", 1.1)

    figures = run(paths, "{precision: int8}")

    artefact = paths.export / "model"
    assert (figures["int8_allowed"], figures["precision_bits"]) == (0, 32)
    assert 0 < figures["int8_top1_agreement"] <= 1
    assert "FakeQuantize" not in (artefact / NETWORK_FILE).read_text(encoding="utf-8")
    assert figures["max_difference"] <= 1e-3

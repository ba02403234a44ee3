import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import Split
from pipelines.errors import DatasetError, ModelError, RegistryError
from pipelines.evaluation.answering import Answers
from pipelines.evaluation.reference import choose_reference
from pipelines.evaluation.unknown import UnknownThresholds, normalise_features
from pipelines.export.exporting import Lowered, Order, collect_pixels, export_version
from pipelines.export.golden import build_golden, choose_golden
from pipelines.export.writing import write_artefact
from pipelines.images import decode_image
from pipelines.models.compact_cnn import build_compact_cnn
from pipelines.preprocessing import DESCRIPTIONS, WholePicture
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from tests.pipelines.export.test_golden import PICTURES

pytestmark = pytest.mark.integration

CARD = ServingCard(
    "boats",
    ("barge", "canoe", "yawl"),
    32,
    DESCRIPTIONS["picture"],
    "0" * 32 + ".dir",
    temperature=1.5,
    unknown=UnknownThresholds(0, 1, 0, 1e6, 2),
)
COMPANIONS = {"classifier.json", "golden.npz", "labels.txt", "parity.json", "reference.npz"}
NETWORKS = {
    "openvino": {"model.xml", "model.bin"},
    "onnx": {"model.onnx"},
    "litert": {"model.tflite"},
    "keras": {"model.keras"},
}


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boats") / "model"
    model = build_compact_cnn(3, 32, 0.2, 7)
    rows = normalise_features(np.random.default_rng(1).normal(size=(6, 128)))
    answers = Answers(np.full((6, 3), 1 / 3, np.float32), rows, rows)
    write_artefact(
        model,
        CARD,
        decode_image(PICTURES[0].encoded),
        folder,
        reference=choose_reference(answers, np.zeros(6, np.int64), tuple(f"{number:064x}" for number in range(6))),
        golden=build_golden(model, WholePicture((32, 32)), choose_golden(PICTURES)),
    )
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    labelled: list[PreparedPicture] = [replace(each, label_index=0) for each in PICTURES]
    splits: tuple[Split, ...] = ("validation", "test")
    for split in splits:
        write_split(folder, split, labelled, len(labelled), 512)
    return folder


@pytest.fixture
def registry(settings: Settings, artefact: Path) -> Registry:
    client = open_client(settings)
    run_id = client.create_run(ensure_experiment(client, settings, "boats")).info.run_id
    digest = digest_artefact(artefact)
    registry = open_registry(settings)
    registry.register("boats", log_model(client, run_id, artefact, digest), run_id, {"vigia.sha256": digest})
    return registry


def order(prepared: Path, tmp_path: Path, **changes: Any) -> Order:
    usual = Order("boats", 1, "onnx", tmp_path / "out", False, prepared, tmp_path / "tools", 1e-3)
    return replace(usual, **changes)


@pytest.mark.parametrize("form", NETWORKS)
def test_a_version_is_handed_out_with_all_it_needs_and_says_what_keras_says(
    registry: Registry, prepared: Path, tmp_path: Path, form: Any
) -> None:
    exported = export_version(registry, order(prepared, tmp_path, format=form))

    row = exported.rows[-1]
    assert {Path(file).name for file in exported.files} == NETWORKS[form] | COMPANIONS
    assert row.format == form
    assert row.parity
    assert row.parity.max_difference <= 1e-3
    assert row.parity.pictures == exported.pictures == exported.golden + len(PICTURES)
    figures = json.loads(registry.version("boats", 1).tags[f"vigia.parity.{form}"])
    assert figures["top1_agreement"] == row.parity.top1_agreement
    assert figures["p50_ms"] > 0


def test_without_the_dataset_the_golden_pictures_are_enough(registry: Registry, tmp_path: Path) -> None:
    exported = export_version(registry, order(tmp_path / "nowhere", tmp_path, format="openvino"))

    assert exported.pictures == exported.golden == 15


def test_a_network_that_strays_is_not_handed_out_but_recorded(
    registry: Registry, prepared: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="Expected the ONNX network within"):
        export_version(registry, order(prepared, tmp_path, max_difference=-1.0))

    assert list(tmp_path.iterdir()) == []
    assert "vigia.parity.onnx" in registry.version("boats", 1).tags


def test_a_precision_that_answers_differently_is_refused_and_recorded(
    registry: Registry, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.export.precision.LEAST_AGREEMENT", 1.1)

    with pytest.raises(ModelError, match="Expected int8 to answer like f32, found same answers on"):
        export_version(registry, order(prepared, tmp_path, format="openvino", precision="int8"))

    assert list(tmp_path.iterdir()) == []
    assert json.loads(registry.version("boats", 1).tags["vigia.parity.openvino-int8"])["allowed"] == 0


def test_a_precision_that_answers_alike_is_handed_to_who_registers_it(
    registry: Registry, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.export.precision.LEAST_AGREEMENT", 0.0)
    monkeypatch.setattr("pipelines.export.precision.MOST_ACCURACY_LOSS", 1.0)
    seen: list[tuple[str, float]] = []

    def register(lowered: Lowered) -> int:
        seen.append((ServingCard.load(lowered.artefact).precision, lowered.figures["allowed"]))
        return 7

    exported = export_version(registry, order(prepared, tmp_path, format="openvino", precision="int8"), register)

    assert (exported.registered, seen) == (7, [("int8", 1.0)])
    kept = json.loads(registry.version("boats", 1).tags["vigia.parity.openvino-int8"])
    assert {"max_difference", "allowed", "accuracy_loss", "known_loss"} <= kept.keys()


def test_a_precision_is_for_openvino_alone(registry: Registry, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Leave --precision out"):
        export_version(registry, order(prepared, tmp_path, precision="int8"))


def test_a_folder_that_holds_something_and_an_unknown_version_are_refused(
    registry: Registry, prepared: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="Choose another one with --out"):
        export_version(registry, order(prepared, tmp_path, out=prepared))
    with pytest.raises(RegistryError, match=r"Expected a version of boats \(registered: 1\), received 9"):
        export_version(registry, order(prepared, tmp_path, version=9))


def test_an_artefact_that_was_altered_is_refused(
    registry: Registry, settings: Settings, prepared: Path, tmp_path: Path
) -> None:
    kept = next(settings.mlflow_artifacts.glob("boats/**/serving/classifier.json"))
    before = kept.read_bytes()
    kept.write_bytes(before.replace(b"canoe", b"kanoe"))
    try:
        with pytest.raises(ModelError, match="changed after registration"):
            export_version(registry, order(prepared, tmp_path))
    finally:
        kept.write_bytes(before)


def test_an_older_artefact_without_golden_pictures_needs_the_dataset(artefact: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    ServingCard.load(artefact).save(bare)

    with pytest.raises(DatasetError, match="Expected shards of the test split"):
        collect_pixels(bare, ServingCard.load(bare), tmp_path / "nowhere")

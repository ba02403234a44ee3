"""Models of red and blue pictures, trained with other pixels and other orders of classes, brought in."""

import json
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.ancestry import read_ancestry
from pipelines.artefact import GOLDEN_FILE, digest_artefact
from pipelines.client_lookup import choose_lookup
from pipelines.errors import DatasetError, ModelError, RegistryError
from pipelines.export.exporting import Order, export_version
from pipelines.golden import GoldenPictures, check_golden
from pipelines.inference import load_classifier
from pipelines.own_models.importing import ImportOutcome, ImportWish, import_model
from pipelines.rebuilding.rebuilding import check_rebuildable
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import download_patch, open_client
from tests.pipelines.own_models.keras_writer import write_archive
from tests.pipelines.own_models.onnx_writer import write_pooled_classifier
from tests.pipelines.own_models.workspace import IDENTITY, MD5, make_workspace

RED, BLUE = np.full((20, 20, 3), (220, 10, 10), np.uint8), np.full((20, 20, 3), (10, 10, 220), np.uint8)
# trained with OpenCV: blue comes first. Pixels from -1 to 1; the first class is red
BLUE_FIRST = np.array([[-4.0, 4.0], [0.0, 0.0], [4.0, -4.0]])


def bring(settings: Settings, workspace: Path, file: Path, names: Any, **more: Any) -> ImportOutcome:
    """Import `file` as the workspace's only classifier, named like its folder."""
    names_file = workspace / "names.json"
    names_file.write_text(json.dumps(names))
    wish = ImportWish(file, names_file, workspace.name, **more)
    return import_model(settings, workspace, wish, lambda line: None)


@pytest.mark.integration
def test_an_onnx_model_becomes_a_candidate_that_serves_red_as_red(tmp_path: Path, settings: Settings) -> None:
    workspace = make_workspace(tmp_path / "paints", "paints")
    file = write_pooled_classifier(workspace / "own.onnx", BLUE_FIRST, head=None, batch=1)

    outcome = bring(settings, workspace, file, {"blue": 1, "red": 0})

    assert outcome.metrics["accuracy"] == 1
    assert outcome.metrics["pictures"] == 16
    assert outcome.facts["channels"] == "bgr"
    assert outcome.facts["head"].startswith("logits")
    assert outcome.parity.max_difference <= 1e-5
    registry = open_registry(settings)
    version = registry.version("paints", outcome.model_version)
    assert version.aliases == ("candidate",)
    assert registry.report(version).accuracy == 1
    assert outcome.gate.passed
    assert version.tags["vigia.origin"] == f"own.onnx sha256:{outcome.sha256}"
    assert version.tags["vigia.dataset.md5"] == MD5
    assert {"vigia.git.commit", "vigia.git.dirty", "vigia.params.sha256", "vigia.class_names.sha256"} <= set(
        version.tags
    )
    assert (
        registry.version("paints", outcome.model_version)
        .tags["vigia.gate"]
        .startswith("would pass: no production version yet")
    )
    artefact = registry.download("paints", outcome.model_version, tmp_path)
    served = load_classifier(artefact, "paints", outcome.model_version)
    assert [served.class_names[i] for i in served.infer([RED, BLUE]).probabilities.argmax(axis=1)] == ["red", "blue"]
    assert served.infer([RED, BLUE]).known.shape == (2,)
    golden = GoldenPictures.load(artefact / GOLDEN_FILE)
    assert set(golden.probabilities.argmax(axis=1).tolist()) == {0, 1}
    check_golden(golden, lambda images: served.infer(images).probabilities, "f32")
    assert outcome.report.is_file()
    assert "What it learned from is not known" in (outcome.report.parent / "model_card.md").read_text()

    order = Order("paints", version.version, "openvino", tmp_path / "out", False, workspace, tmp_path, 1e-3)
    exported = export_version(registry, order)
    assert {"model.xml", "model.bin", "labels.txt", "reference.npz"} <= {Path(each).name for each in exported.files}
    assert (exported.rows[-1].parity, exported.pictures) == (None, 0)
    assert "at the import: at most" in str(exported.rows[-1].not_checked)
    for wanted in (replace(order, format="litert"), replace(order, precision="int8")):
        with pytest.raises(ModelError, match=r"imported from own\.onnx.*--format openvino"):
            export_version(registry, replace(wanted, out=tmp_path / "other"))
    with pytest.raises(ModelError, match=r"imported from own\.onnx.*vigia models import"):
        check_rebuildable(read_ancestry(choose_lookup(settings), workspace, "paints", version.version))

    again = bring(settings, workspace, file, ["red", "blue"])

    assert (again.model_version, again.earlier) == (outcome.model_version, True)


@pytest.mark.integration
def test_what_is_wrong_is_refused_before_anything_is_registered(tmp_path: Path, settings: Settings) -> None:
    workspace = make_workspace(tmp_path / "refused", "refused")
    file = write_pooled_classifier(workspace / "own.onnx", np.ones((3, 4)))

    with pytest.raises(
        ModelError, match=r"number 1 'Red ' begins .*repeats number 0 .*3 names for a head of 4 classes"
    ):
        bring(settings, workspace, file, ["red", "Red ", "blue"])
    with pytest.raises(ModelError, match="missing: 'red'"):
        bring(settings, workspace, file, ["a", "b", "c", "blue"])
    with pytest.raises(ModelError, match="it is another file or was changed"):
        bring(settings, workspace, file, ["red", "blue"], sha256="0" * 64)
    with pytest.raises(DatasetError, match="vigia data import"):
        import_model(settings, workspace, _for(workspace, file, "cars"), lambda line: None)

    assert open_registry(settings).versions("refused") == ()


@pytest.mark.integration
def test_a_keras_archive_brings_mlflows_part_with_it(tmp_path: Path, settings: Settings) -> None:
    workspace = make_workspace(tmp_path / "archive", "archive")
    file = write_archive(workspace / "own.keras")

    outcome = bring(settings, workspace, file, ["red", "blue"], channels="rgb")

    assert outcome.metrics["accuracy"] == 1
    assert outcome.facts["chosen"] == "the network scales pixels itself"
    assert outcome.parity.max_difference <= 1e-3
    artefact = open_registry(settings).download("archive", outcome.model_version, tmp_path)
    assert (artefact / "data" / "model.keras").is_file()
    assert len(digest_artefact(artefact)) == 64


@pytest.mark.integration
def test_what_was_not_committed_is_kept_with_the_run_and_pictures_that_git_never_saw_are_refused(
    tmp_path: Path, settings: Settings
) -> None:
    workspace = make_workspace(tmp_path / "changed", "changed")
    file = write_pooled_classifier(workspace / "own.onnx", BLUE_FIRST, head=None, batch=1)
    with (workspace / "params.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# tried at night\n")

    outcome = bring(settings, workspace, file, ["red", "blue"])

    version = open_registry(settings).version("changed", outcome.model_version)
    patch = download_patch(open_client(settings), outcome.run_id, tmp_path)
    assert b"tried at night" in patch
    assert version.tags["vigia.git.patch_sha256"] == sha256(patch).hexdigest()

    (workspace / ".gitignore").write_text("*\n")
    subprocess.run(["git", "rm", "--quiet", "--cached", "data/raw/changed.dvc"], cwd=workspace, check=True)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "-m", "forgotten"], cwd=workspace, check=True)

    with pytest.raises(RegistryError, match=r"git add --force data/raw/changed\.dvc"):
        bring(settings, workspace, file, ["blue", "red"])
    assert len(open_registry(settings).versions("changed")) == 1


def _for(workspace: Path, file: Path, classifier: str) -> ImportWish:
    return replace(ImportWish(file, workspace / "names.json", workspace.name), classifier=classifier)

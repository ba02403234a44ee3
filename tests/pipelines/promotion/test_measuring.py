"""Two small networks that tell colours apart, in a real MLflow, answering in the runtime that serves."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import CARD_FILE
from pipelines.datasets.audit.findings import Audit, Evidence, Finding, write_audit
from pipelines.errors import RegistryError
from pipelines.evaluation.labelled import read_test_split
from pipelines.promotion import evidence as gate
from pipelines.promotion.measuring import measure_evidence
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.stage_params import ClassifierParams
from tests.pipelines.promotion.made import make_colour_model, make_workspace, register_model

pytestmark = pytest.mark.integration


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


def measure(registry: Registry, workspace: Path, classifier: str, version: int, against: int | None) -> gate.Evidence:
    return measure_evidence(registry, workspace, ClassifierParams(), registry.version(classifier, version), against)


def test_both_versions_answer_the_same_pictures(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, "both")
    register_model(settings, make_colour_model(tmp_path, "both", blind_to="blue"), "both")
    register_model(settings, make_colour_model(tmp_path, "both"), "both")

    found = measure(registry, workspace, "both", 2, 1)

    measured = found.measured
    assert isinstance(measured, gate.Measured)
    assert measured.production is not None
    assert (measured.pictures, measured.better, measured.worse) == (30, 10, 0)
    assert measured.candidate.accuracy == 1.0
    assert measured.production.accuracy == pytest.approx(2 / 3)
    assert measured.majority_share == pytest.approx(1 / 3)
    assert [(each.name, each.recall, each.recall_before) for each in measured.classes] == [
        ("blue", 1, 0),
        ("green", 1, 1),
        ("red", 1, 1),
    ]
    assert measured.candidate.milliseconds > 0
    assert found.parity == gate.Parity(1e-7, 1e-3)
    assert found.audit_errors == ()
    assert isinstance(found.dataset, gate.DatasetOrder)
    assert found.dataset.relation == "same"


def test_pictures_that_one_of_them_was_trained_on_judge_neither(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path, "seen")
    seen = read_test_split(workspace / "data" / "prepared" / "seen")[0].sha256
    register_model(settings, make_colour_model(tmp_path, "seen", seen=seen), "seen")
    register_model(settings, make_colour_model(tmp_path, "seen", sharpness=0.03), "seen")

    measured = measure(registry, workspace, "seen", 2, 1).measured

    assert isinstance(measured, gate.Measured)
    assert (measured.pictures, measured.left_out) == (29, 1)


def missing(found: gate.Measured | gate.Missing) -> str:
    assert isinstance(found, gate.Missing)
    return found.reason


def test_what_is_gone_is_said_and_not_passed_over(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, "lost")
    register_model(settings, make_colour_model(tmp_path, "lost"), "lost")
    register_model(settings, make_colour_model(tmp_path, "lost", sharpness=0.03), "lost")
    (card, other) = sorted(settings.mlflow_artifacts.glob(f"lost/**/{CARD_FILE}"))
    kept = card.read_text(encoding="utf-8")

    card.write_text(kept + " ", encoding="utf-8")
    assert "changed after registration" in missing(measure(registry, workspace, "lost", 2, 1).measured)
    card.write_text(kept, encoding="utf-8")

    shutil.rmtree(other.parents[1])
    assert "cannot be used" in missing(measure(registry, workspace, "lost", 2, 1).measured)

    shutil.rmtree(workspace / "data" / "prepared")
    found = measure(registry, workspace, "lost", 1, None)
    assert "prepared" in missing(found.measured)
    assert isinstance(found.audit_errors, gate.Missing)


def test_a_registry_that_went_away_is_no_evidence_against_anybody(
    settings: Settings, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path, "away")
    register_model(settings, make_colour_model(tmp_path, "away"), "away")
    version = registry.version("away", 1)

    def refuse(*arguments: Any) -> Any:
        raise RegistryError("Expected an answer of the model registry.")

    monkeypatch.setattr(registry, "download", refuse)
    monkeypatch.setattr(registry, "version", refuse)
    with pytest.raises(RegistryError):
        measure_evidence(registry, workspace, ClassifierParams(), version, None)


def test_errors_of_the_audit_and_a_run_without_parity_are_told(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path, "bare")
    found = Finding("leaks", "error", Evidence("3 pairs are in two splits.", 3))
    write_audit(workspace / "data" / "prepared" / "bare", Audit(30, 3, 3, (found,)))
    register_model(settings, make_colour_model(tmp_path, "bare"), "bare", parity=None)

    evidence = measure(registry, workspace, "bare", 1, None)

    assert evidence.audit_errors == ("leaks: 3 pairs are in two splits.",)
    assert isinstance(evidence.parity, gate.Missing)
    assert "parity_max_difference" in evidence.parity.reason


def test_versions_that_share_a_training_have_a_parity_of_their_own(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    register_model(settings, make_colour_model(tmp_path, "alike"), "alike")
    registry.tag("alike", 1, "vigia.precision", "bf16")
    registry.tag("alike", 1, "vigia.parity.openvino-bf16", '{"max_difference": 0.1}')

    found = measure(registry, make_workspace(tmp_path, "alike"), "alike", 1, None)

    assert found.parity == gate.Parity(0.1, 1e-3, "bf16")

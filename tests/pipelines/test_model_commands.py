import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.commands import app
from pipelines.export import Parity
from pipelines.own_models.importing import ImportOutcome, ImportWish
from pipelines.promotion.rules import PromotionDecision

OUTCOME = ImportOutcome(
    classifier="cars",
    model_version=4,
    run_id="r1",
    metrics={"accuracy": 0.9, "pictures": 40.0},
    gate=PromotionDecision(False, ("too few right answers",)),
    parity=Parity(1e-6, 1.0, 40),
    facts={"pixels": "0..1"},
    warnings=("state --pixels",),
    report=Path("report.html"),
    sha256="a" * 64,
    earlier=False,
)


@pytest.fixture
def wishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ImportWish]:
    """What the command asked for."""
    asked: list[ImportWish] = []

    def take(settings: Any, workspace: Path, wish: ImportWish, on_line: Any) -> ImportOutcome:
        asked.append(wish)
        return OUTCOME

    (tmp_path / "params.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.own_models.importing.import_model", take)
    return asked


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["models", "import", *words, "--class-names", "n.json", "--classifier", "cars"])


def test_an_import_says_its_version_and_metrics_in_one_document(wishes: list[ImportWish]) -> None:
    done = run("own.onnx", "--pixels", "-1..1", "--channels", "bgr", "--sha256", "ff", "--json")

    document = json.loads(done.stdout)
    assert (document["model_version"], document["metrics"]) == (4, OUTCOME.metrics)
    assert document["gate"] == {"passed": False, "reasons": ["too few right answers"]}
    assert wishes == [ImportWish(Path("own.onnx"), Path("n.json"), "cars", "ff", "-1..1", "bgr", None)]


def test_an_import_warns_and_names_the_next_step_on_stderr(wishes: list[ImportWish]) -> None:
    done = run("own.onnx")

    assert done.stdout == ""
    assert "warning: state --pixels" in done.stderr
    assert "vigia promote cars 4" in done.stderr
    assert "does not let it serve: too few right answers" in done.stderr


def test_a_convention_that_is_none_is_wrong_usage(wishes: list[ImportWish]) -> None:
    assert run("own.onnx", "--pixels", "0..2").exit_code == 2
    assert wishes == []

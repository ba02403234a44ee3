import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.commands import app
from tests.pipelines.datasets.audit.prepared import make_prepared
from tests.pipelines.datasets.pictures import make_workspace


@pytest.fixture
def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`audited(*words)`: the command in a workspace whose `dvc repro` prepares made pictures."""
    workspace = make_workspace(tmp_path / "workspace")
    (workspace / "params.yaml").write_text("datasets: [colours]\nclassifiers: {colours: {}}\n")
    (workspace / "data/raw").mkdir(parents=True)
    (workspace / "data/raw/colours.dvc").write_text("outs:\n- md5: 0123.dir\n  nfiles: 80\n  path: colours\n")
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("VIGIA_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))

    def reproduce(workspace: Path, classifier: str, on_line: Callable[[str], None], stages: Sequence[str]) -> None:
        on_line(f"running {stages[0]}@{classifier}")
        make_prepared(workspace / "data" / "prepared" / classifier, a_class=15)

    monkeypatch.setattr("pipelines.reproduction.reproduce", reproduce)
    return lambda *words: CliRunner().invoke(app, ["data", "audit", *words])


def test_json_is_the_only_thing_on_stdout_and_has_the_contracted_keys(audited: Callable[..., Result]) -> None:
    answer = audited("colours", "--json")

    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert {"classifier", "images", "findings", "leaks", "not_run", "page", "suggestions"} <= document.keys()
    assert (document["classifier"], document["images"], document["leaks"]) == ("colours", 30, 0)
    (finding,) = document["findings"]
    assert (finding["check"], finding["severity"], finding["count"]) == ("small_class", "warning", 2)
    assert finding["files"] == []
    assert Path(document["page"]).is_file()
    assert document["suggestions"] is None


def test_the_table_names_findings_what_was_not_run_and_the_page(audited: Callable[..., Result], tmp_path: Path) -> None:
    answer = audited("colours")

    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("warning  small_class")
    assert "not run  label_disputes" in answer.stdout
    assert "30 pictures of 2 classes, 0 leaks across splits" in answer.stdout
    assert f"{tmp_path}/home/audit/colours.html" in answer.stderr
    assert "running prepare@colours" in answer.stderr


def test_the_page_can_be_put_elsewhere(audited: Callable[..., Result], tmp_path: Path) -> None:
    answer = audited("colours", "--page", str(tmp_path / "page.html"))

    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_classifier_without_pictures_is_one_line(audited: Callable[..., Result]) -> None:
    answer = audited("birds")

    assert answer.exit_code == 1
    assert "birds" in str(answer.exception)

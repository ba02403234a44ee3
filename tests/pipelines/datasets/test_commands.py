import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.commands import app
from pipelines.datasets.layouts.recognition import LAYOUTS
from tests.pipelines.datasets.pictures import FakeDvc, make_class_folders


@pytest.mark.parametrize("arguments", [["data", "import", "IN", "--classifier", "pets"], ["data", "sample", "cars"]])
def test_json_is_the_only_thing_on_stdout_and_has_the_contracted_keys(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    (source / "cat" / "broken.jpg").write_text("words")
    monkeypatch.chdir(workspace)

    answer = CliRunner().invoke(app, [str(source) if word == "IN" else word for word in arguments] + ["--json"])

    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert {"classifier", "images", "classes", "md5", "path", "added", "duplicates", "rejected"} <= document.keys()
    assert all(each.keys() == {"file", "reason"} for each in document["rejected"])


def test_the_person_reads_what_was_rejected_and_that_nothing_changed(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    (source / "cat" / "broken.jpg").write_text("words")
    monkeypatch.chdir(workspace)
    arguments = ["data", "import", str(source), "--classifier", "pets"]

    first = CliRunner().invoke(app, arguments)
    again = CliRunner().invoke(app, arguments)

    assert first.stdout == ""
    assert "rejected cat/broken.jpg: Expected a JPEG, PNG, WEBP picture" in first.stderr
    assert "added 6 pictures" in first.stderr
    assert "nothing changed: all 6 pictures were there already" in again.stderr


def test_the_help_names_every_layout_of_the_registry() -> None:
    shown = " ".join(CliRunner().invoke(app, ["data", "import", "--help"]).output.split())

    assert [layout for layout in LAYOUTS if layout not in shown] == []


def test_a_trial_run_says_what_it_would_do_in_words(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_class_folders(tmp_path / "in", cat=30, dog=3)
    monkeypatch.chdir(workspace)

    answer = CliRunner().invoke(app, ["data", "import", str(source), "--classifier", "pets", "--dry-run"])

    assert "would add cat/cat0.jpg" in answer.stderr
    assert "... and 13 more; --json names all" in answer.stderr
    assert "nothing was changed; it would have added 33 pictures" in answer.stderr
    assert not (workspace / "data").exists()


def test_a_name_with_a_line_break_stays_on_its_line(
    workspace: Path, tmp_path: Path, fake_dvc: FakeDvc, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_class_folders(tmp_path / "in", cat=3, dog=3)
    (source / "cat" / "a\nerror: b\x1b[2J.jpg").write_text("words")
    monkeypatch.chdir(workspace)

    answer = CliRunner().invoke(app, ["data", "import", str(source), "--classifier", "pets"])

    assert "rejected cat/a\\nerror: b\\x1b[2J.jpg: Expected" in answer.stderr

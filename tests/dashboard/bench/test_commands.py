import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigia import app


def test_the_page_is_measured_by_the_same_command_as_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    words = ["bench", "page", "--rows", "2000", "--rounds", "1", "--seconds", "0.01", "--json"]

    result = CliRunner().invoke(app, words)

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["rows"] == 2000
    assert document["lanes"]["refresh ours"]["p95_ms"] > 0
    assert document["ratios"]["refresh_ours_over_plain"] > 0
    assert [each.name for each in (tmp_path / "bench").iterdir()] == ["lock"]


def test_a_store_of_no_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))

    result = CliRunner().invoke(app, ["bench", "page", "--rows", "0"])

    assert result.exit_code == 2
    assert "Invalid value" in result.stderr

"""docs/dead-letters.md says what the code does."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream.commands import app
from tests.stream.bad_messages import make_bad_messages

TEXT = (Path(__file__).parents[3] / "docs" / "dead-letters.md").read_text(encoding="utf-8")
EXAMPLES = sorted(set(re.findall(r"`vigia (dead-letters [^`]+)`", TEXT)))
ROWS = re.findall(r"^\| (schema|decode|image|infer) \| (.+?) \|", TEXT, re.MULTILINE)
DOCUMENTED = {(stage, reason) for stage, reasons in ROWS for reason in re.findall(r"`(\w+)`", reasons)}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_right_usage(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))

    result = CliRunner().invoke(app, shlex.split(example))

    assert result.exit_code != 2, result.output


def test_every_reason_that_bad_input_dies_of_is_explained() -> None:
    died = {(bad.stage, bad.reason) for bad in make_bad_messages().values()}

    assert died <= DOCUMENTED
    assert {("infer", "no_model"), ("infer", "inference_failed"), ("infer", "already_answered")} <= DOCUMENTED

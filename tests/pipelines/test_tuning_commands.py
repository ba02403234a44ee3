import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.tuning import searching
from pipelines.tuning.searching import Wanted
from pipelines.tuning.study import TrialResult, TuneOutcome
from pipelines.tuning_commands import tuning_app
from tests.tree import ROOT

OUTCOME = TuneOutcome({"train.dropout": 0.25, "train.augment.flip": False}, 0.9, 6, {"train.dropout": 0.8})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """What the search was asked for; it finds OUTCOME at once, in a workspace with the shipped params."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    wishes: list[Wanted] = []

    def search(workspace: Path, classifier: str, wanted: Wanted, told: Callable[[TrialResult], None]) -> TuneOutcome:
        wishes.append(wanted)
        told(TrialResult(0, "pruned", None, {"train.dropout": 0.25}, {1: 0.1, 2: 0.1}))
        return OUTCOME

    monkeypatch.setattr(searching, "tune_classifier", search)
    return wishes


def tune(*words: str) -> Result:
    return CliRunner().invoke(tuning_app, ["cars", *words])


def test_the_winner_is_a_diff_that_git_applies_and_the_file_stays_as_it_was(asked: list[Wanted]) -> None:
    before = Path("params.yaml").read_bytes()

    done = tune("--trials", "6", "--search", "grid", "--study", "mine")

    assert asked == [Wanted(6, "grid", "mine")]
    assert "trial   0  pruned    after 2 epochs" in done.stderr
    assert "80% of the differences come from train.dropout" in done.stderr
    assert Path("params.yaml").read_bytes() == before
    subprocess.run(["git", "apply"], input=done.stdout, text=True, check=True)
    assert "      dropout: 0.25\n" in Path("params.yaml").read_text(encoding="utf-8")
    assert "        flip: false\n" in Path("params.yaml").read_text(encoding="utf-8")


def test_apply_writes_the_winner_and_shows_the_same_diff(asked: list[Wanted]) -> None:
    proposed = tune().stdout

    done = tune("--apply")

    assert done.stdout == proposed
    assert "params.yaml holds the best params now" in done.stderr
    assert "      dropout: 0.25\n" in Path("params.yaml").read_text(encoding="utf-8")
    again = tune("--apply")
    assert again.stdout == ""
    assert "holds the best params already" in again.stderr


def test_json_is_one_document_with_the_keys_of_the_contract(asked: list[Wanted]) -> None:
    document = json.loads(tune("--json").stdout)

    assert document["best_params"] == dict(OUTCOME.best_params)
    assert (document["best_value"], document["trials"]) == (0.9, 6)
    assert document["change"].startswith("--- a/params.yaml")


@pytest.mark.parametrize("words", [("--trials", "0"), ("--search", "bayes"), ("--trials", "many"), ("more",)])
def test_wrong_words_are_wrong_usage_and_nothing_runs(asked: list[Wanted], words: tuple[str, ...]) -> None:
    assert tune(*words).exit_code == 2
    assert asked == []

from pathlib import Path

import pytest

from pipelines.datasets.audit.findings import Evidence, NotRun
from pipelines.datasets.audit.labels.pretrained import WEIGHTS, judge_with_weights
from pipelines.datasets.manifest import ManifestRow
from pipelines.stage_params import AuditParams
from tests.pipelines.datasets.audit.prepared import ColourTrunk, make_prepared


class Question:
    """`judge_with_weights` on one prepared dataset, with a trunk that counts what it looks at."""

    def __init__(self, folder: Path) -> None:
        self.prepared = folder / "data" / "prepared" / "colours"
        self.weights_dir: Path | None = folder / "weights"
        self.kept = folder / "kept"
        self.trunk = ColourTrunk()
        self.said: list[str] = []
        self.rows: list[ManifestRow] = make_prepared(self.prepared, mislabelled=["red/03.jpg"])

    def ask(self, params: AuditParams | None = None) -> Evidence | NotRun | None:
        return judge_with_weights(
            self.prepared, self.rows, params or AuditParams(), self.weights_dir, self.kept, self.said.append
        )


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Question:
    question = Question(tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / WEIGHTS).write_bytes(b"weights")
    monkeypatch.setattr("pipelines.features.load_extractor", lambda *_, **__: question.trunk)
    return question


def test_without_weights_the_check_is_named_with_the_reason(question: Question) -> None:
    question.weights_dir = None

    outcome = question.ask()

    assert isinstance(outcome, NotRun)
    assert outcome.check == "label_disputes"
    assert "VIGIA_WEIGHTS_DIR" in outcome.reason


def test_the_second_time_the_kept_answer_is_given(question: Question) -> None:
    first = question.ask()
    looked = question.trunk.looked

    second = question.ask()

    assert isinstance(first, Evidence)
    assert second == first
    assert question.trunk.looked == looked == len(question.rows)
    assert len(question.said) == 1


def test_that_nothing_is_disputed_is_kept_too(question: Question) -> None:
    nothing = AuditParams(dispute_margin=1)
    assert question.ask(nothing) is None

    assert question.ask(nothing) is None

    assert question.trunk.looked == len(question.rows)


@pytest.mark.parametrize("what", ["weights", "params", "pictures"])
def test_the_question_is_asked_anew_when_something_changed(question: Question, what: str) -> None:
    question.ask()
    if what == "weights":
        assert question.weights_dir
        (question.weights_dir / WEIGHTS).write_bytes(b"other weights")
    if what == "pictures":
        question.rows = make_prepared(question.prepared, a_class=30)

    question.ask(AuditParams(dispute_margin=0.3) if what == "params" else None)

    assert len(question.said) == 2


def test_a_damaged_answer_is_asked_anew(question: Question) -> None:
    first = question.ask()
    (question.kept / "colours-disputes.json").write_text("{half")

    assert question.ask() == first
    assert len(question.said) == 2

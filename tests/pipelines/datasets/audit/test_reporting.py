from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipelines.datasets.audit.findings import Audit, Evidence, Finding, NotRun
from pipelines.datasets.audit.reporting import add_outcome, audit_classifier
from pipelines.errors import DatasetError, ParamsError, TrainingError
from pipelines.settings import Settings
from pipelines.stage_params import AuditParams
from tests.pipelines.datasets.audit.prepared import make_prepared

PARAMS = """
datasets: [colours, quiet]
classifiers: {colours: {}, quiet: {audit: {label_disputes: off}}, empty: {}}
"""
EMPTY = Audit(80, 2, 0, (Finding("rejected", "info", Evidence("1 file", 1)),))


class FakeDvc:
    """Stands in for `dvc repro`: prepares made pictures, and counts."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.failure: Exception | None = None

    def __call__(self, workspace: Path, classifier: str, on_line: Callable[[str], None], stages: Sequence[str]) -> None:
        self.calls.append((classifier, tuple(stages)))
        if self.failure:
            raise self.failure
        make_prepared(workspace / "data" / "prepared" / classifier)


@pytest.fixture
def dvc(monkeypatch: pytest.MonkeyPatch) -> FakeDvc:
    fake = FakeDvc()
    monkeypatch.setattr("pipelines.reproduction.reproduce", fake)
    return fake


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_a_stale_dataset_is_prepared_first(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    report = audit_classifier(workspace, "colours", settings, print)

    assert dvc.calls == [("colours", ("prepare",))]
    assert report.audit.pictures == len(report.rows) == 80
    assert report.raw == workspace / "data/raw/colours"


def test_nothing_changed_needs_no_dvc(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    first = audit_classifier(workspace, "colours", settings, print)

    second = audit_classifier(workspace, "colours", settings, print)

    assert len(dvc.calls) == 1
    assert second == first
    assert second.key() == first.key()


def test_a_changed_picture_is_prepared_again(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    audit_classifier(workspace, "colours", settings, print)
    (workspace / "data/raw/colours/red/new.jpg").write_bytes(b"new")

    audit_classifier(workspace, "colours", settings, print)

    assert len(dvc.calls) == 2


def test_a_failed_preparation_is_not_taken_for_done(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    dvc.failure = TrainingError("too few pictures")
    for _ in range(2):
        with pytest.raises(TrainingError, match="too few"):
            audit_classifier(workspace, "colours", settings, print)

    assert len(dvc.calls) == 2


def test_without_weights_the_disputes_are_named_as_not_run(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    report = audit_classifier(workspace, "colours", settings, print)

    assert [each.check for each in report.audit.not_run] == ["label_disputes"]


def test_a_check_that_is_off_is_not_even_named(workspace: Path, settings: Settings, dvc: FakeDvc) -> None:
    report = audit_classifier(workspace, "quiet", settings, print)

    assert report.audit.not_run == ()


def test_an_unknown_classifier_is_refused_before_anything_runs(
    workspace: Path, settings: Settings, dvc: FakeDvc
) -> None:
    with pytest.raises(ParamsError, match="colours"):
        audit_classifier(workspace, "birds", settings, print)

    assert dvc.calls == []


def test_a_classifier_without_pictures_is_told_how_to_get_some(
    workspace: Path, settings: Settings, dvc: FakeDvc
) -> None:
    with pytest.raises(DatasetError, match="vigia data import FOLDER --classifier empty"):
        audit_classifier(workspace, "empty", settings, print)

    assert dvc.calls == []


def test_disputes_take_their_place_by_severity() -> None:
    evidence = Evidence("3 pictures", 3)

    audit = add_outcome(EMPTY, evidence, AuditParams(label_disputes="error"))

    assert [(each.check, each.severity) for each in audit.findings] == [
        ("label_disputes", "error"),
        ("rejected", "info"),
    ]


def test_what_was_not_run_is_no_finding() -> None:
    audit = add_outcome(EMPTY, NotRun("label_disputes", "no weights"), AuditParams())

    assert audit.findings == EMPTY.findings
    assert audit.not_run == (NotRun("label_disputes", "no weights"),)


def test_no_dispute_changes_nothing() -> None:
    assert add_outcome(EMPTY, None, AuditParams()) == EMPTY

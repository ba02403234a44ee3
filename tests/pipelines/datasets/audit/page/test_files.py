from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.datasets.audit.findings import Evidence, Finding, read_audit
from pipelines.datasets.audit.page.files import write_files
from pipelines.datasets.audit.reporting import AuditReport
from pipelines.datasets.manifest import read_manifest
from pipelines.datasets.versions import DatasetVersion
from pipelines.errors import WorkspaceError
from pipelines.settings import Settings
from tests.pipelines.datasets.audit.prepared import make_prepared


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditReport:
    version = DatasetVersion("colours", "data/raw/colours", "0123.dir", 80, None, dirty=True)
    monkeypatch.setattr("pipelines.datasets.versions.read_dataset_version", lambda *_: version)
    (tmp_path / "params.yaml").write_text("classifiers: {colours: {}}")
    prepared = tmp_path / "data" / "prepared" / "colours"
    make_prepared(prepared)
    return AuditReport(
        "colours", tmp_path / "data/raw/colours", prepared, read_manifest(prepared), read_audit(prepared)
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def with_dark_picture(report: AuditReport) -> AuditReport:
    dark = Finding("dark", "warning", Evidence("1 picture", 1, ("red/00.jpg",), ("lightest 9%",)))
    return replace(report, audit=replace(report.audit, findings=(dark,)))


def test_page_and_suggestions_lie_below_the_home(report: AuditReport, settings: Settings, tmp_path: Path) -> None:
    files = write_files(with_dark_picture(report), tmp_path, settings, None)

    assert files.page == tmp_path / "home/audit/colours.html"
    assert "Dataset version 0123 of data/raw/colours, not committed." in files.page.read_text(encoding="utf-8")
    assert files.suggested == 1
    assert files.suggestions.read_text().startswith("sha256,label,reason,path\n")


def test_the_same_report_is_not_drawn_again(report: AuditReport, settings: Settings, tmp_path: Path) -> None:
    page = write_files(report, tmp_path, settings, None).page
    page.write_text("as it was left")

    write_files(report, tmp_path, settings, None)
    assert page.read_text() == "as it was left"

    write_files(with_dark_picture(report), tmp_path, settings, None)
    assert page.read_text() != "as it was left"


def test_a_page_elsewhere_is_written_there(report: AuditReport, settings: Settings, tmp_path: Path) -> None:
    files = write_files(report, tmp_path, settings, tmp_path / "deep" / "page.html")

    assert files.page.is_file()
    assert not (tmp_path / "home/audit/colours.html").exists()


def test_old_suggestions_do_not_outlive_their_reason(report: AuditReport, settings: Settings, tmp_path: Path) -> None:
    old = write_files(with_dark_picture(report), tmp_path, settings, None)
    assert old.suggestions.exists()

    write_files(report, tmp_path, settings, None)

    assert not old.suggestions.exists()


def test_a_place_that_cannot_be_written_is_named(report: AuditReport, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(WorkspaceError, match=r"file/page\.html"):
        write_files(report, tmp_path, settings, tmp_path / "file" / "page.html")

"""The files that `vigia data audit` leaves: the page and the suggestions, written anew only when they would differ."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.audit.keeping import keep, read_kept, write_whole
from pipelines.datasets.audit.page.suggestions import format_suggestions, list_suggestions
from pipelines.datasets.audit.reporting import AuditReport
from pipelines.settings import Settings

REVISION: Final = 1
"""Of the page's look; a page of another revision is written anew."""


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """Where they lie."""

    page: Path
    suggestions: Path
    suggested: int
    """Lines of the suggestions; with none there is no such file."""


def write_files(report: AuditReport, workspace: Path, settings: Settings, page: Path | None) -> AuditFiles:
    """Raises WorkspaceError when a file cannot be written."""
    folder = settings.state / "audit"
    place = (page or folder / f"{report.classifier}.html").absolute()
    suggestions = list_suggestions(report.audit, report.rows)
    files = AuditFiles(place, folder / f"{report.classifier}-suggestions.csv", len(suggestions))
    record = settings.state / "cache" / "audit" / f"{report.classifier}-page.json"
    key = f"{REVISION} {place} {report.key()}"
    if not (read_kept(record, key) and place.is_file()):
        write_whole(place, _build(report, workspace))
        keep(record, key, True)
    if suggestions:
        write_whole(files.suggestions, format_suggestions(suggestions))
    else:
        files.suggestions.unlink(missing_ok=True)
    return files


def _build(report: AuditReport, workspace: Path) -> str:
    from pipelines.datasets.audit.page.building import build_audit_page
    from pipelines.datasets.audit.page.thumbnails import Thumbnails
    from pipelines.datasets.catalogue import read_pictures
    from pipelines.datasets.measures import read_measures
    from pipelines.datasets.versions import read_dataset_version
    from pipelines.params import load_params

    params = load_params(workspace).classifier(report.classifier).prepare
    known = {row.path: row.sha256 for row in report.rows}
    boxes = {row.file: row.box for row in read_pictures(report.raw) if row.box and known.get(row.file) == row.sha256}
    thumbnails = Thumbnails(report.raw, boxes if params.crop_boxes else {}, params.box_margin)
    version = read_dataset_version(workspace, report.classifier)
    commit = f"commit {version.git_commit[:10]}" if version.git_commit and not version.dirty else "not committed"
    words = f"Dataset version {version.md5.removesuffix('.dir')} of {version.path}, {commit}."
    return build_audit_page(report, read_measures(report.prepared), thumbnails, words)

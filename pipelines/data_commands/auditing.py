"""`vigia data audit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.audit.findings import Audit, Finding
    from pipelines.datasets.audit.page.files import AuditFiles
    from pipelines.datasets.audit.reporting import AuditReport

SHOWN_FILES = 3


def audit(
    classifier: Annotated[str, typer.Argument(help="A classifier with a dataset in this workspace.")],
    page: Annotated[
        Path | None, typer.Option(help="Write the page here; else audit/CLASSIFIER.html below VIGIA_HOME.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for what is wrong with a dataset: duplicates, leaks, bad pictures, doubtful labels, cues."""
    from pipelines.datasets.audit.page.files import write_files
    from pipelines.datasets.audit.reporting import audit_classifier
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    report = audit_classifier(workspace, classifier, settings, say)
    files = write_files(report, workspace, settings, page)
    if as_json:
        print_json(describe_report(report, files))
    else:
        tell_audit(report.audit)
    tell_files(report, files)


def describe_report(report: "AuditReport", files: "AuditFiles") -> dict[str, Any]:
    """The document of `--json`."""
    from pipelines.datasets.audit.findings import describe_audit

    described = describe_audit(report.audit)
    return {
        "classifier": report.classifier,
        "images": described.pop("pictures"),
        **described,
        "page": str(files.page),
        "suggestions": str(files.suggestions) if files.suggested else None,
    }


def tell_audit(audit: "Audit") -> None:
    """The table on stdout: the most serious first, with the first few files of each finding."""
    for finding in audit.findings:
        print(f"{finding.severity:8} {finding.check:16} {finding.evidence.count:>6}  {finding.evidence.message}")
        for line in name_files(finding):
            print(f"{'':34}{line}")
    for missing in audit.not_run:
        print(f"{'not run':8} {missing.check:16} {'':>6}  {missing.reason}")
    if not audit.findings:
        print("Nothing found.")
    print(f"{audit.pictures:,} pictures of {audit.classes:,} classes, {audit.leaks} leaks across splits")


def name_files(finding: "Finding") -> list[str]:
    """The first few files with their notes, and how many more there are."""
    evidence = finding.evidence
    notes = evidence.notes or ("",) * len(evidence.files)
    lines = [f"{path}  {note}".rstrip() for path, note in list(zip(evidence.files, notes, strict=True))[:SHOWN_FILES]]
    more = len(evidence.files) - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines


def tell_files(report: "AuditReport", files: "AuditFiles") -> None:
    """Where the page is, and what to do with the suggestions."""
    say(f"the page to look through: {files.page}")
    if files.suggested:
        noun = "suggestion" if files.suggested == 1 else "suggestions"
        say(f"{files.suggested} {noun} to review, on the page or in {files.suggestions}")
        say(f"then: vigia data relabel {report.classifier} --from FILE")

"""What an audit found, and audit.json, in which `prepare` leaves it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pipelines.errors import DatasetError

AUDIT_FILE: Final = "audit.json"

FoundSeverity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[FoundSeverity, ...]] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one check found; it does not judge how serious that is."""

    message: str
    """One sentence: what it is, and what to do."""
    count: int
    """Of what the message speaks of: pictures, sets or classes."""
    files: tuple[str, ...] = ()
    """Pictures below data/raw/<classifier>, the most striking first."""
    notes: tuple[str, ...] = ()
    """A few words on each file, or nothing at all."""
    sets: tuple[tuple[str, ...], ...] = ()
    """Files that belong together, such as near-duplicates of each other."""
    proposals: tuple[str, ...] = ()
    """The label that each file may deserve instead, or nothing at all."""
    classes: tuple[str, ...] = ()
    """What the finding is about where it is not about pictures."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's evidence with the severity that the params give it."""

    check: str
    severity: FoundSeverity
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class NotRun:
    """A check that could not be made."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Findings about one prepared dataset, errors first; at most one a check."""

    pictures: int
    classes: int
    leaks: int
    """Pairs of the same picture, or of pictures that look the same, in two splits."""
    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity == "error")


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings; within a severity in the order of the checks."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def write_audit(folder: Path, audit: Audit) -> None:
    """audit.json; the same audit gives the same bytes."""
    text = json.dumps(describe_audit(audit), indent=1, ensure_ascii=False)
    (folder / AUDIT_FILE).write_text(text + "\n", encoding="utf-8")


def read_audit(folder: Path) -> Audit:
    """Raises DatasetError when there is no audit.json, or one that no audit wrote."""
    file = folder / AUDIT_FILE
    try:
        return parse_audit(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DatasetError(f"Expected {file}, found none. Run `dvc repro prepare@{folder.name}`.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"Expected an audit in {file}, found another content. Run `dvc repro --force prepare@{folder.name}`."
        ) from error


def check_audit(prepared: Path) -> None:
    """Raises DatasetError naming each finding of severity `error`; `train` asks before it fits."""
    errors = read_audit(prepared).errors
    if not errors:
        return
    found = " ".join(f"{each.check}: {each.evidence.message}" for each in errors)
    keys = " and ".join(f"audit.{each.check}" for each in errors)
    raise DatasetError(
        f"Expected a dataset without errors in its audit, found {len(errors)}. {found} "
        f"See `vigia data audit {prepared.name}`; to train all the same set {keys} of params.yaml to warning."
    )


def describe_audit(audit: Audit) -> dict[str, Any]:
    """The audit as JSON: a finding's evidence stands beside its check and severity."""
    return {
        "pictures": audit.pictures,
        "classes": audit.classes,
        "leaks": audit.leaks,
        "findings": [
            {"check": each.check, "severity": each.severity, **asdict(each.evidence)} for each in audit.findings
        ],
        "not_run": [asdict(each) for each in audit.not_run],
    }


def parse_audit(document: Mapping[str, Any]) -> Audit:
    """The audit that `describe_audit` described."""
    return Audit(
        pictures=document["pictures"],
        classes=document["classes"],
        leaks=document["leaks"],
        findings=tuple(_parse_finding(each) for each in document["findings"]),
        not_run=tuple(NotRun(each["check"], each["reason"]) for each in document["not_run"]),
    )


def parse_evidence(document: Mapping[str, Any]) -> Evidence:
    """Evidence from its fields as JSON."""
    return Evidence(
        message=document["message"],
        count=document["count"],
        files=tuple(document["files"]),
        notes=tuple(document["notes"]),
        sets=tuple(tuple(each) for each in document["sets"]),
        proposals=tuple(document["proposals"]),
        classes=tuple(document["classes"]),
    )


def _parse_finding(document: Mapping[str, Any]) -> Finding:
    severity = document["severity"]
    if severity not in SEVERITIES:
        raise ValueError(severity)
    return Finding(document["check"], severity, parse_evidence(document))

"""All checks over one prepared dataset."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.checks.classes import find_imbalance, find_similar_names, find_small_classes
from pipelines.datasets.audit.checks.cues import find_spurious_cue
from pipelines.datasets.audit.checks.duplicates import (
    find_exact_duplicates,
    find_leaks,
    find_near_duplicates,
    find_two_labels,
    list_leaks,
)
from pipelines.datasets.audit.checks.quality import (
    find_blurred,
    find_bright,
    find_dark,
    find_low_information,
    find_odd_aspect,
    find_tiny,
)
from pipelines.datasets.audit.findings import (
    Audit,
    Evidence,
    Finding,
    FoundSeverity,
    read_audit,
    sort_findings,
    write_audit,
)
from pipelines.datasets.audit.wording import say_count
from pipelines.datasets.manifest import ManifestRow, Rejected
from pipelines.datasets.measures import Measures
from pipelines.datasets.near_duplicates import NearDuplicate
from pipelines.stage_params import AuditParams

__all__ = ["CHECKS", "audit_dataset", "read_audit", "write_audit"]

Check = Callable[[AuditedDataset], Evidence | None]


def find_rejected(dataset: AuditedDataset) -> Evidence | None:
    """Files that were left out, with their reasons."""
    if not dataset.rejected:
        return None
    return Evidence(
        f"{say_count(len(dataset.rejected), 'file')} left out; rejected.csv says why.",
        count=len(dataset.rejected),
        files=tuple(each.file for each in dataset.rejected),
        notes=tuple(each.reason for each in dataset.rejected),
    )


CHECKS: Final[Mapping[str, Check]] = {
    "leaks": find_leaks,
    "two_labels": find_two_labels,
    "spurious_cue": find_spurious_cue,
    "similar_names": find_similar_names,
    "small_class": find_small_classes,
    "imbalance": find_imbalance,
    "exact_duplicates": find_exact_duplicates,
    "blurred": find_blurred,
    "dark": find_dark,
    "bright": find_bright,
    "low_information": find_low_information,
    "tiny": find_tiny,
    "odd_aspect": find_odd_aspect,
    "near_duplicates": find_near_duplicates,
    "rejected": find_rejected,
}
"""Name -> check; AuditParams holds a severity of each name. A new check is one function and one line here."""


def audit_dataset(
    rows: Sequence[ManifestRow],
    measures: Mapping[str, Measures],
    pairs: Sequence[NearDuplicate],
    rejected: Sequence[Rejected],
    params: AuditParams,
) -> Audit:
    """What the checks find that need no weights; `measures` go by path and hold one of each row.

    The same dataset and params give the same audit, in whatever order the rows come.
    """
    ordered = sorted(rows, key=lambda row: row.path)
    dataset = AuditedDataset(ordered, measures, pairs, rejected, params)
    findings = [_run_check(name, check, dataset) for name, check in CHECKS.items()]
    return Audit(
        pictures=len(rows),
        classes=len(dataset.class_sizes),
        leaks=len(list_leaks(dataset)),
        findings=sort_findings([each for each in findings if each]),
    )


def severity_of(check: str, params: AuditParams) -> FoundSeverity | None:
    """What the params say of a check; None where it is off."""
    severities: dict[str, FoundSeverity] = {"error": "error", "warning": "warning", "info": "info"}
    return severities.get(getattr(params, check))


def _run_check(name: str, check: Check, dataset: AuditedDataset) -> Finding | None:
    severity = severity_of(name, dataset.params)
    evidence = check(dataset) if severity else None
    return Finding(name, severity, evidence) if severity and evidence else None

"""`vigia data audit` without its words: what is stale is prepared, its audit read, what needs weights is added."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.datasets.audit.auditing import severity_of
from pipelines.datasets.audit.findings import (
    Audit,
    Evidence,
    Finding,
    NotRun,
    describe_audit,
    read_audit,
    sort_findings,
)
from pipelines.datasets.audit.freshness import fingerprint_stage
from pipelines.datasets.audit.keeping import keep, read_kept
from pipelines.datasets.audit.labels.pretrained import DISPUTES, judge_with_weights
from pipelines.datasets.manifest import MANIFEST_FILE, ManifestRow, read_manifest
from pipelines.errors import DatasetError
from pipelines.params import load_params
from pipelines.settings import Settings
from pipelines.stage_params import AuditParams


@dataclass(frozen=True, slots=True)
class AuditReport:
    """An audit and the dataset that it is about."""

    classifier: str
    raw: Path
    prepared: Path
    rows: tuple[ManifestRow, ...]
    audit: Audit

    def key(self) -> str:
        """Another one whenever anything that the report shows is another."""
        digest = hashlib.sha256((self.prepared / MANIFEST_FILE).read_bytes())
        digest.update(json.dumps(describe_audit(self.audit)).encode())
        return digest.hexdigest()


def audit_classifier(
    workspace: Path, classifier: str, settings: Settings, on_line: Callable[[str], None]
) -> AuditReport:
    """The audit of the pictures as they lie in data/raw now; `on_line` hears of what takes time.

    Raises ParamsError for an unknown classifier, DatasetError for one without pictures, TrainingError when they cannot
    be prepared.
    """
    everything = load_params(workspace)
    params = everything.classifier(classifier).audit
    if classifier not in everything.datasets:
        raise DatasetError(
            f"Expected a dataset of {classifier} in this workspace, found none. "
            f"Run `vigia data import FOLDER --classifier {classifier}`."
        )
    kept = settings.state / "cache" / "audit"
    raw, prepared = (workspace / "data" / place / classifier for place in ("raw", "prepared"))
    _bring_up_to_date(workspace, classifier, kept, on_line)
    rows, audit = read_manifest(prepared), read_audit(prepared)
    if severity_of(DISPUTES, params):
        outcome = judge_with_weights(prepared, rows, params, settings.weights_dir, kept, on_line)
        audit = add_outcome(audit, outcome, params)
    return AuditReport(classifier, raw, prepared, rows, audit)


def add_outcome(audit: Audit, outcome: Evidence | NotRun | None, params: AuditParams) -> Audit:
    """The audit with what the check on disputed labels said."""
    severity = severity_of(DISPUTES, params)
    if isinstance(outcome, NotRun):
        return replace(audit, not_run=(*audit.not_run, outcome))
    if outcome is None or severity is None:
        return audit
    return replace(audit, findings=sort_findings([*audit.findings, Finding(DISPUTES, severity, outcome)]))


def _bring_up_to_date(workspace: Path, classifier: str, kept: Path, on_line: Callable[[str], None]) -> None:
    file = kept / f"{classifier}-prepared.json"
    if read_kept(file, fingerprint_stage(workspace, classifier)):
        return
    from pipelines.reproduction import reproduce

    reproduce(workspace, classifier, on_line, ("prepare",))
    keep(file, fingerprint_stage(workspace, classifier), True)

"""What the audit would change, as a file that `vigia data relabel C --from FILE` applies once a person agrees."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.datasets.audit.findings import Audit, Finding
from pipelines.datasets.manifest import ManifestRow

COLUMNS: Final = ("sha256", "label", "reason", "path")
DROP: Final = "drop"
WORTH_DROPPING: Final = frozenset(("blurred", "dark", "bright", "low_information"))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One picture that may deserve another label, or none."""

    sha256: str
    label: str
    """A class folder, or `drop`."""
    reason: str
    path: str


def list_suggestions(audit: Audit, rows: Sequence[ManifestRow]) -> tuple[Suggestion, ...]:
    """One a picture at most, disputed labels first; findings that are mere information suggest nothing.

    Neither does a label that stands for several class folders (prepare.labels): it does not say which.
    """
    by_path = {row.path: row for row in rows}
    folders = _find_folders(rows)
    chosen: dict[str, Suggestion] = {}
    for finding in sorted(audit.findings, key=lambda finding: not finding.evidence.proposals):
        if finding.severity != "info":
            for suggestion in _suggest(finding, by_path, folders):
                chosen.setdefault(suggestion.sha256, suggestion)
    return tuple(chosen.values())


def format_suggestions(suggestions: Sequence[Suggestion]) -> str:
    """The CSV file: columns sha256, label, reason and path."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((each.sha256, each.label, each.reason, each.path) for each in suggestions)
    return stream.getvalue()


def _find_folders(rows: Sequence[ManifestRow]) -> dict[str, str]:
    """Label -> its class folder, where it has just one; `drop` stays what it is."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        folders[row.label].add(row.path.split("/")[0])
    return {label: min(names) for label, names in folders.items() if len(names) == 1} | {DROP: DROP}


def _suggest(finding: Finding, by_path: Mapping[str, ManifestRow], folders: Mapping[str, str]) -> Iterator[Suggestion]:
    evidence = finding.evidence
    labels = evidence.proposals or ((DROP,) * len(evidence.files) if finding.check in WORTH_DROPPING else ())
    if not labels:
        return
    notes = evidence.notes or ("",) * len(evidence.files)
    for path, label, note in zip(evidence.files, labels, notes, strict=True):
        if path in by_path and label in folders:
            yield Suggestion(by_path[path].sha256, folders[label], f"{finding.check}: {note}", path)

"""The check that needs weights, as `vigia data audit` makes it: named when it cannot run, asked once per dataset."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pipelines.datasets.audit.findings import Evidence, NotRun, parse_evidence
from pipelines.datasets.audit.keeping import keep, read_kept
from pipelines.datasets.manifest import MANIFEST_FILE, ManifestRow
from pipelines.models.weights import IMAGENET_FILES, find_weights
from pipelines.stage_params import AuditParams

DISPUTES: Final = "label_disputes"
WEIGHTS: Final = IMAGENET_FILES["mobilenet_v2"]
REVISION: Final = 1
"""Of the check; an answer that another revision kept is not read."""


def judge_with_weights(
    prepared: Path,
    rows: Sequence[ManifestRow],
    params: AuditParams,
    weights_dir: Path | None,
    kept: Path,
    on_line: Callable[[str], None],
) -> Evidence | NotRun | None:
    """Disputed labels, from the answer kept in the folder `kept` where pictures, weights and params are the same."""
    weights = find_weights("imagenet", WEIGHTS, weights_dir)
    if weights is None:
        where = str(weights_dir) if weights_dir else "VIGIA_WEIGHTS_DIR, which is not set"
        return NotRun(DISPUTES, f"Expected the weights file {WEIGHTS} in {where}. Put it there and run again.")
    file = kept / f"{prepared.name}-disputes.json"
    key = _describe_question(prepared, weights, params)
    known = read_kept(file, key)
    if known is not None:
        return parse_evidence(known[0]) if known else None
    on_line(f"looking at {len(rows):,} pictures with a pretrained network")
    evidence = _look(prepared, rows, params, weights.parent)
    keep(file, key, [asdict(evidence)] if evidence else [])
    return evidence


def _look(prepared: Path, rows: Sequence[ManifestRow], params: AuditParams, weights_dir: Path) -> Evidence | None:
    from pipelines.datasets.audit.labels.disputes import SIDE, find_disputes
    from pipelines.features import load_extractor

    extractor = load_extractor(weights_dir, side=SIDE)
    return find_disputes(prepared, rows, params, extractor) if extractor else None


def _describe_question(prepared: Path, weights: Path, params: AuditParams) -> str:
    """Another text for other pictures, labels, groups, weights or params."""
    digest = hashlib.sha256(f"{REVISION} {params.dispute_margin}\n".encode())
    digest.update((prepared / MANIFEST_FILE).read_bytes())
    digest.update(hashlib.sha256(weights.read_bytes()).digest())
    for shard in sorted(prepared.glob("*.tfrecord")):
        digest.update(f"{shard.name} {shard.stat().st_size}\n".encode())
    return digest.hexdigest()

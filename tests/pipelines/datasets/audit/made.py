"""Made rows and measures for the tests of the audit."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.manifest import ManifestRow, Rejected
from pipelines.datasets.measures import Measures
from pipelines.datasets.near_duplicates import NearDuplicate
from pipelines.stage_params import AuditParams

ORDINARY = Measures(
    size_bytes=20_000,
    brightness=0.45,
    contrast=0.2,
    shadows=0.1,
    highlights=0.9,
    entropy=5.3,
    blur=0.35,
    border_red=0.4,
    border_green=0.4,
    border_blue=0.4,
    border_spread=0.2,
)
"""A picture that nobody would look at twice."""


def make_row(path: str, **changes: Any) -> ManifestRow:
    """A row whose label is its folder's name, in a group of its own."""
    sha256 = hashlib.sha256(path.encode()).hexdigest()
    row = ManifestRow(
        path=path,
        sha256=sha256,
        perceptual_hash="0" * 16,
        label=path.split("/")[0],
        split="train",
        group=sha256,
        width=320,
        height=240,
        origin=path,
    )
    return replace(row, **changes)


def make_rows(**counts: int) -> list[ManifestRow]:
    """`make_rows(cat=3, dog=4)`: that many rows of each label."""
    return [make_row(f"{label}/{label}{place}.jpg") for label, count in counts.items() for place in range(count)]


def make_dataset(
    rows: Sequence[ManifestRow],
    measures: Mapping[str, Measures] | None = None,
    *,
    pairs: Sequence[NearDuplicate] = (),
    rejected: Sequence[Rejected] = (),
    **params: Any,
) -> AuditedDataset:
    """Rows with ordinary measures where `measures` names no others."""
    known = {row.path: ORDINARY for row in rows} | dict(measures or {})
    return AuditedDataset(rows, known, pairs, rejected, AuditParams(**params))


def pair(path_a: str, path_b: str) -> NearDuplicate:
    """Two pictures that look alike."""
    first, second = sorted((path_a, path_b))
    return NearDuplicate(first, second, 1.0)

"""What the checks look at: one prepared dataset in numbers and names, without a picture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.manifest import ManifestRow, Rejected
from pipelines.datasets.measures import Measures, tabulate_measures
from pipelines.datasets.near_duplicates import NearDuplicate
from pipelines.stage_params import AuditParams


@dataclass(frozen=True)
class AuditedDataset:
    """Rows, measures, pairs and rejected files as `prepare` has them; every row has measures."""

    rows: Sequence[ManifestRow]
    measures: Mapping[str, Measures]
    """By path."""
    pairs: Sequence[NearDuplicate]
    rejected: Sequence[Rejected]
    params: AuditParams

    @cached_property
    def by_path(self) -> dict[str, ManifestRow]:
        return {row.path: row for row in self.rows}

    @cached_property
    def near_rows(self) -> tuple[tuple[ManifestRow, ManifestRow], ...]:
        """Near-duplicate pairs of which both pictures are in the dataset."""
        known = self.by_path
        return tuple(
            (known[pair.path_a], known[pair.path_b])
            for pair in self.pairs
            if pair.path_a in known and pair.path_b in known
        )

    @cached_property
    def class_sizes(self) -> Counter[str]:
        return Counter(row.label for row in self.rows)

    @cached_property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Each measure, and width and height, as (rows,) in the order of the rows."""
        sizes = np.array([(row.width, row.height) for row in self.rows], np.float64).reshape(-1, 2)
        measured = tabulate_measures([row.path for row in self.rows], self.measures)
        return {**measured, "width": sizes[:, 0], "height": sizes[:, 1]}

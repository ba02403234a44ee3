"""Pictures of nothing that a model knows, and how well it tells them from those it does know."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.manifest import MANIFEST_FILE, read_manifest
from pipelines.evaluation.evaluating import StrangeFigures
from pipelines.evaluation.labelled import LabelledPicture, read_test_split
from pipelines.evaluation.unknown import auroc

MOST_PICTURES: Final = 200
"""Of each other classifier; an AUROC of more is hardly more exact."""
LEFT_OUT: Final = "left out"
"""Name of the pictures under labels that the model has no class for."""


def read_strangers(workspace: Path, classifier: str, class_names: Sequence[str]) -> dict[str, list[LabelledPicture]]:
    """Test pictures of the workspace's other classifiers, by classifier: what a camera may well show by mistake.

    Pictures or labels that `classifier` knows too are left out.
    """
    own = workspace / "data" / "prepared" / classifier
    known = {row.sha256 for row in read_manifest(own)} if (own / MANIFEST_FILE).is_file() else set()
    strangers = {}
    for manifest in sorted(own.parent.glob(f"*/{MANIFEST_FILE}")):
        if manifest.parent == own:
            continue
        others = (
            picture
            for picture in read_test_split(manifest.parent)
            if picture.sha256 not in known and picture.label not in class_names
        )
        # they come in the order of their hashes, so the first are a fair choice
        if chosen := list(islice(others, MOST_PICTURES)):
            strangers[manifest.parent.name] = chosen
    return strangers


def measure_strangers(
    known: NDArray[np.floating], groups: Mapping[str, NDArray[np.floating]], limit: float
) -> tuple[StrangeFigures, ...]:
    """Each group's strangeness against that of known pictures; beyond the limit a picture is refused."""
    return tuple(
        StrangeFigures(name, len(strange), auroc(known, strange), float((strange > limit).mean()))
        for name, strange in groups.items()
        if len(strange)
    )

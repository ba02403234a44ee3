"""The prepared dataset that an imported model is calibrated and measured with, in the model's own class order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from pipelines.datasets.shards import load_class_names
from pipelines.datasets.versions import DatasetVersion, dataset_path, read_dataset_version
from pipelines.errors import DatasetError, ModelError
from pipelines.preprocessing import WholePicture
from pipelines.stages.evaluate import Splits
from pipelines.training.pictures import load_pictures

SHOWN: int = 10


def check_prepared(workspace: Path, classifier: str) -> DatasetVersion:
    """The dataset version in force. Raises DatasetError unless data/prepared/<classifier> was made from it."""
    version = read_dataset_version(workspace, classifier)
    try:
        load_class_names(workspace / "data" / "prepared" / classifier)
        prepared = _read_prepared_md5(workspace / "dvc.lock", classifier)
    except (DatasetError, OSError):
        prepared = None
    if prepared != version.md5:
        what = "none" if prepared is None else f"those of an earlier version ({prepared[:8]}…)"
        raise DatasetError(
            f"Expected prepared pictures of {classifier} to measure the model with ({version.md5[:8]}…), found {what}. "
            f"Run `vigia data audit {classifier}`, which prepares them."
        )
    return version


def check_labels(labels: Sequence[str], class_names: Sequence[str], classifier: str) -> tuple[str, ...]:
    """Warnings about classes without pictures. Raises ModelError when the model has no class of a label."""
    missing = [label for label in labels if label not in class_names]
    if missing:
        folded = {name.strip().casefold(): name for name in class_names}
        shown = [
            f"{label!r}" + (f" (the file spells it {near!r})" if (near := folded.get(label.casefold())) else "")
            for label in missing[:SHOWN]
        ]
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise ModelError(
            f"Expected a class of the model for every label of {classifier}, missing: {', '.join(shown)}{more}. "
            f"Spell the class names like the class folders, or import the model as another classifier."
        )
    extra = [name for name in class_names if name not in labels]
    if not extra:
        return ()
    more = f" and {len(extra) - SHOWN} more" if len(extra) > SHOWN else ""
    return (f"no picture of {', '.join(extra[:SHOWN])}{more}: nothing is known of how good the model is there",)


def load_splits(prepared: Path, class_names: Sequence[str], size: int) -> Splits:
    """Every split; label indices are those of the model's `class_names`."""
    places = np.array([class_names.index(label) for label in load_class_names(prepared)], np.int64)
    splits = [load_pictures(prepared, split, WholePicture((size, size))) for split in ("train", "validation", "test")]
    return Splits(*(replace(each, labels=places[each.labels]) for each in splits))


def _read_prepared_md5(lock: Path, classifier: str) -> str | None:
    """What DVC prepared last; it may have no record of it."""
    stages = (YAML(typ="safe").load(lock.read_text(encoding="utf-8")) or {}).get("stages", {})
    deps = stages.get(f"prepare@{classifier}", {}).get("deps", ())
    return next((str(dep["md5"]) for dep in deps if dep["path"] == dataset_path(classifier)), None)

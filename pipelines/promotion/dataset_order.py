"""Whether a candidate's dataset version is older than production's: by git, else by when each was first trained."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.datasets.history import RecordedVersion, list_versions
from pipelines.errors import DatasetError, WorkspaceError
from pipelines.promotion.evidence import DatasetOrder, Missing
from pipelines.registry import ModelVersion

MD5_TAG: Final = "vigia.dataset.md5"


def read_dataset_order(
    workspace: Path, candidate: ModelVersion, production: ModelVersion | None, versions: Sequence[ModelVersion]
) -> DatasetOrder | Missing:
    """`versions` are all of the classifier."""
    if production is None:
        return DatasetOrder("first", "")
    try:
        recorded = list_versions(workspace, candidate.classifier)
    except (DatasetError, WorkspaceError) as error:
        return Missing(str(error))
    ours, theirs = candidate.tags.get(MD5_TAG), production.tags.get(MD5_TAG)
    if not ours or not theirs:
        silent = candidate if not ours else production
        return Missing(f"version {silent.version} has no tag {MD5_TAG}. Train or import it again.")
    return order_datasets(ours, theirs, recorded, {md5: _first_trained(versions, md5) for md5 in (ours, theirs)})


def order_datasets(
    ours: str, theirs: str, recorded: Sequence[RecordedVersion], first_trained: dict[str, datetime]
) -> DatasetOrder:
    """`recorded` is newest first; a version that came back, by a revert, counts where it is newest."""
    if ours == theirs:
        return DatasetOrder("same", ours[:8])
    places = {md5: place for place, md5 in reversed(list(enumerate(version.md5 for version in recorded)))}
    if ours in places and theirs in places:
        return DatasetOrder(
            "newer" if places[ours] < places[theirs] else "older", _say(ours, theirs, "by git's history")
        )
    unknown = theirs if ours in places else ours
    how = f"{unknown[:8]} is not in this workspace's git history, so by when each was first trained"
    newer = first_trained[ours] >= first_trained[theirs]
    return DatasetOrder("newer" if newer else "older", _say(ours, theirs, how))


def _say(ours: str, theirs: str, how: str) -> str:
    return f"{ours[:8]} beside {theirs[:8]}, {how}"


def _first_trained(versions: Sequence[ModelVersion], md5: str) -> datetime:
    return min(version.created_at for version in versions if version.tags.get(MD5_TAG) == md5)

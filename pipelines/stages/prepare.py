"""Stage `prepare`: pictures of data/raw/<classifier> become shards, a manifest, an audit and a list of the rejected."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.class_names import order_labels
from pipelines.datasets.arranging import Arrangement, PlacedPicture, arrange_pictures
from pipelines.datasets.audit.auditing import audit_dataset, write_audit
from pipelines.datasets.inventory import list_raw_pictures
from pipelines.datasets.manifest import (
    ManifestRow,
    Rejected,
    write_class_names,
    write_manifest,
    write_rejected,
    write_summary,
)
from pipelines.datasets.measures import write_measures
from pipelines.datasets.near_duplicates import write_near_duplicates
from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS
from pipelines.datasets.spool import Spool, spool_pictures
from pipelines.datasets.staging import whole_folder
from pipelines.params import load_params
from pipelines.stage_params import ClassifierParams
from pipelines.stages.running import run_stage


def prepare(workspace: Path, classifier: str) -> None:
    """Write data/prepared/<classifier>, whole or not at all.

    Raises DatasetError when the pictures cannot make a dataset: none, one class, or too few in a class.
    """
    params = load_params(workspace).classifier(classifier)
    raw = workspace / "data" / "raw" / classifier
    pictures = list_raw_pictures(raw, params.prepare)
    names = order_labels(picture.label for picture in pictures)
    with (
        whole_folder(workspace / "data" / "prepared" / classifier) as folder,
        tempfile.TemporaryFile(dir=folder) as encoded,
        tempfile.TemporaryFile(dir=folder) as looks,
    ):
        spool = spool_pictures(raw, pictures, params.prepare, encoded, looks)
        arrangement = arrange_pictures(spool, names, params.prepare)
        _write_shards(folder, arrangement.placed, spool, names, params.prepare.shard_pictures)
        rejected = sorted((*spool.rejected, *arrangement.rejected), key=lambda each: each.file)
        _write_reports(folder, arrangement, rejected, names, params)
    used = len(arrangement.placed)
    print(f"{classifier}: {used} pictures of {len(names)} classes, {len(rejected)} rejected", file=sys.stderr)


def _write_shards(
    folder: Path, placed: Sequence[PlacedPicture], spool: Spool, names: Sequence[str], shard_pictures: int
) -> None:
    indexes = {name: index for index, name in enumerate(names)}
    for split in SPLITS:
        chosen = [each.picture for each in placed if each.split == split]
        pictures = (
            PreparedPicture(each.raw.name, each.sha256, indexes[each.raw.label], spool.read(each)) for each in chosen
        )
        write_split(folder, split, pictures, len(chosen), shard_pictures)


def _write_reports(
    folder: Path,
    arrangement: Arrangement,
    rejected: Sequence[Rejected],
    names: Sequence[str],
    params: ClassifierParams,
) -> None:
    rows = [_describe(each) for each in arrangement.placed]
    measures = {each.picture.raw.name: each.picture.measures for each in arrangement.placed}
    write_manifest(folder, rows)
    write_class_names(folder, names)
    write_rejected(folder, rejected)
    write_near_duplicates(folder, arrangement.pairs)
    write_measures(folder, list(measures), list(measures.values()))
    write_summary(folder, rows, rejected, params.prepare.splits)
    write_audit(folder, audit_dataset(rows, measures, arrangement.pairs, rejected, params.audit))


def _describe(placed: PlacedPicture) -> ManifestRow:
    picture = placed.picture
    return ManifestRow(
        path=picture.raw.name,
        sha256=picture.sha256,
        perceptual_hash=picture.perceptual_hash,
        label=picture.raw.label,
        split=placed.split,
        group=placed.group,
        width=picture.width,
        height=picture.height,
        origin=picture.raw.origin,
    )


if __name__ == "__main__":
    run_stage(lambda paths: prepare(paths.workspace, paths.classifier))

"""Pictures of a source into data/raw/<classifier>: checked, without duplicates, tracked by DVC."""

import dataclasses
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from pipelines.class_names import order_labels
from pipelines.datasets.changes import ChangedPictures, DatasetChange
from pipelines.datasets.checkout import check_out_dataset
from pipelines.datasets.class_folders import DATASET_LIMITS, check_class_sizes
from pipelines.datasets.collecting import CollectedPictures, Tell, collect_pictures
from pipelines.datasets.committing import commit_change
from pipelines.datasets.drawn_mark import is_drawn
from pipelines.datasets.dvc import check_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.impact import ImportImpact, describe_impact, weigh_import
from pipelines.datasets.installing import (
    incoming_folder,
    install_dataset,
    is_in_force,
    lay_out,
    recover_dataset,
    waiting_room,
)
from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.recognition import AUTO, read_source
from pipelines.datasets.manifest import REJECTED_FILE, Rejected, write_rejected
from pipelines.datasets.planning import ImportPlan, ImportWish, plan_import
from pipelines.datasets.present import PresentDataset, read_present
from pipelines.datasets.reviewing import read_dropped
from pipelines.datasets.staging import check_free_space, clear_disk_errors, dataset_lock
from pipelines.datasets.versions import (
    DatasetVersion,
    dataset_path,
    pointer_path,
    read_dataset_version,
    record_dataset_version,
)
from pipelines.errors import DatasetError
from pipelines.params import ClassifierName, load_params
from pipelines.stage_params import ClassifierParams

REPORTS: Final = ".vigia/imports"
"""Below the workspace: the list of what the last import of each classifier rejected."""


@dataclass(frozen=True, slots=True)
class _Import:
    """What one import has to go by."""

    workspace: Path
    classifier: str
    listing: Listing
    wish: ImportWish
    min_per_class: int
    dry_run: bool
    tell: Tell


@dataclass(frozen=True, slots=True)
class _Decision:
    plan: ImportPlan
    impact: ImportImpact


def import_dataset(
    workspace: Path,
    source: Path,
    classifier: str,
    layout: str = AUTO,
    *,
    replace: bool = False,
    dry_run: bool = False,
    min_pictures: int = 1,
    commit: bool = False,
    tell: Tell = lambda line: None,
) -> DatasetChange:
    """Add the pictures of `source` to data/raw/<classifier> and record the new version.

    Pictures are copied. The old version stays in force until the new one is recorded, whatever happens between. With
    `replace` the dataset becomes exactly the source; with `dry_run` everything is decided and nothing changed; new
    classes with fewer than `min_pictures` are left out. A dataset that was drawn is replaced. What goes or changes its
    name is told before it happens. Raises DatasetError or WorkspaceError; broken pictures are listed instead.
    """
    params = classifier_params(workspace, classifier)
    check_repository(workspace)
    check_dvc(workspace)
    raw = workspace / dataset_path(classifier)
    _check_apart(source, raw)
    listing = read_source(source, layout, classifier=classifier)
    tell(f"recognised {listing.layout}: {listing.evidence}")
    wish = ImportWish(_origin(source), listing.classes, replace=replace, min_pictures=min_pictures)
    task = _Import(workspace, classifier, listing, wish, params.prepare.min_per_class, dry_run, tell)
    with dataset_lock(workspace), clear_disk_errors(raw):
        recover_dataset(workspace, classifier)
        check_out_dataset(workspace, classifier)
        change = _run(task)
        if commit and not dry_run:
            change = commit_change(workspace, change)
    return change


def classifier_params(workspace: Path, classifier: str) -> ClassifierParams:
    """Its section of params.yaml, or the defaults. Raises DatasetError for a name that is not allowed."""
    try:
        TypeAdapter(ClassifierName).validate_python(classifier)
    except ValidationError:
        raise DatasetError(
            "Expected a classifier name of small letters, digits and _ that begins with a letter (40 at most), "
            f"received {classifier!r}. Choose another name."
        ) from None
    return load_params(workspace).classifiers.get(classifier, ClassifierParams())


def _run(task: _Import) -> DatasetChange:
    raw = task.workspace / dataset_path(task.classifier)
    drawn = is_drawn(raw)
    if drawn:
        task.tell(f"replaces the drawn sample in {dataset_path(task.classifier)}")
    present = PresentDataset() if drawn else read_present(raw)
    task = dataclasses.replace(task, wish=dataclasses.replace(task.wish, dropped=read_dropped(raw)))
    before = _version_in_force(task)
    incoming = nullcontext() if task.dry_run else incoming_folder(task.workspace, task.classifier)
    with incoming as staged:
        decision = _decide(task, present, staged)
        if staged is None:
            return _describe(task, decision, before, before)
        if decision.impact.changes or drawn:
            lay_out(raw, staged, decision.plan)
            version = install_dataset(task.workspace, task.classifier, staged)
        elif before and is_in_force(task.workspace, task.classifier, present.md5):
            version = before
        else:  # changed by hand, or the DVC cache was moved away
            version = record_dataset_version(task.workspace, task.classifier)
    return _describe(task, decision, before, version)


def _decide(task: _Import, present: PresentDataset, staged: Path | None) -> _Decision:
    """Reads the source; tells what is going to happen. Raises DatasetError for a dataset that could not be trained."""
    pictures = task.listing.pictures
    check_free_space(task.workspace, 2 * (_size_bytes(pictures) - present.size_bytes))  # data/raw and the DVC cache
    known = {file.sha256 for file in present.pictures}
    collected = collect_pictures(pictures, known, staged and waiting_room(staged), task.tell)
    plan = plan_import(present, collected, task.wish)
    rejected = sorted(task.listing.rejected + plan.rejected, key=lambda each: (each.file, each.reason))
    plan = dataclasses.replace(plan, rejected=tuple(rejected))
    impact = weigh_import(present, collected, plan, replace=task.wish.replace)
    if staged:
        _write_report(task, plan.rejected)
    try:
        _check_classes(task, collected, plan, impact)
    except DatasetError:
        if staged and plan.rejected:
            task.tell(f"{len(plan.rejected):,} files were rejected, {_report_path(task.classifier)} names them")
        raise
    for line in describe_impact(impact):
        task.tell(line)
    return _Decision(plan, impact)


def _check_classes(task: _Import, collected: CollectedPictures, plan: ImportPlan, impact: ImportImpact) -> None:
    if not impact.counts:
        first = plan.rejected[0]
        raise DatasetError(
            f"Expected pictures, none of the {len(plan.rejected):,} files can be used; {first.file}: {first.reason}"
        )
    usable = {each.picture.label for each in collected.pictures}
    broken = {picture.label for picture in task.listing.pictures} - usable
    counts = dict(impact.counts)
    if task.wish.min_pictures == 1:  # else a class of which nothing can be used is one of those to leave out
        counts = dict.fromkeys(broken, 0) | counts
    order_labels(counts)
    check_class_sizes(counts, task.min_per_class)


def _describe(
    task: _Import, decision: _Decision, before: DatasetVersion | None, version: DatasetVersion | None
) -> DatasetChange:
    plan, impact = decision.plan, decision.impact
    return DatasetChange(
        classifier=task.classifier,
        path=dataset_path(task.classifier),
        md5=version.md5 if version else "",
        images=sum(impact.counts.values()),
        classes=len(impact.counts),
        added=len(plan.new),
        duplicates=plan.duplicates,
        rejected=plan.rejected,
        git_commit=version.git_commit if version and not version.dirty else None,
        changed=impact.changes if task.dry_run else (before and before.md5) != (version and version.md5),
        removed=len(impact.removed),
        relabelled=len(impact.relabelled),
        annotated=impact.annotated,
        added_classes=impact.added_classes,
        removed_classes=tuple(impact.removed_classes),
        renamed_classes=impact.renamed_classes,
        layout=task.listing.layout,
        evidence=task.listing.evidence,
        rejected_file=_report_path(task.classifier) if plan.rejected and not task.dry_run else None,
        dry_run=task.dry_run,
        pictures=ChangedPictures(tuple(plan.new), impact.removed, impact.relabelled) if task.dry_run else None,
    )


def _version_in_force(task: _Import) -> DatasetVersion | None:
    recorded = (task.workspace / pointer_path(task.classifier)).exists()
    return read_dataset_version(task.workspace, task.classifier) if recorded else None


def _write_report(task: _Import, rejected: Iterable[Rejected]) -> None:
    folder = (task.workspace / _report_path(task.classifier)).parent
    folder.mkdir(parents=True, exist_ok=True)
    write_rejected(folder, rejected)


def _report_path(classifier: str) -> str:
    return f"{REPORTS}/{classifier}/{REJECTED_FILE}"


def _check_apart(source: Path, raw: Path) -> None:
    here, there = source.resolve(), raw.resolve()
    if here.is_relative_to(there):
        raise DatasetError(f"Expected a folder outside {raw}, received {source}. What lies there is imported already.")
    if there.is_relative_to(here):
        raise DatasetError(
            f"Expected a folder of pictures, received {source}, in which {raw} lies. Name a folder below."
        )


def _origin(source: Path) -> str:
    whole = source.resolve()
    return whole.name if whole.is_dir() else whole.parent.name


def _size_bytes(pictures: Iterable[SourcePicture]) -> int:
    """Of those that may be read at all; one that cannot be looked at is rejected when its turn comes."""
    sizes = (_size_of(picture) for picture in pictures)
    return sum(size for size in sizes if size <= DATASET_LIMITS.max_bytes)


def _size_of(picture: SourcePicture) -> int:
    try:
        return picture.path.stat().st_size if picture.size is None else picture.size
    except OSError:
        return 0

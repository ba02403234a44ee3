"""Reviewed labels become a new version of a dataset: pictures move between class folders, or go."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipelines.class_names import order_labels
from pipelines.datasets.changes import ChangedPictures, DatasetChange, PictureMove
from pipelines.datasets.checkout import check_dataset_unchanged, check_out_dataset
from pipelines.datasets.committing import commit_change
from pipelines.datasets.dvc import check_dvc
from pipelines.datasets.git import check_repository
from pipelines.datasets.installing import incoming_folder, install_dataset, lay_out, recover_dataset
from pipelines.datasets.naming import FreeNames
from pipelines.datasets.objects import name_files
from pipelines.datasets.planning import ImportPlan, find_rows
from pipelines.datasets.present import CATALOGUE_FILES, PresentDataset, PresentFile, read_present
from pipelines.datasets.reviewing import (
    DROP,
    LOG_FILE,
    Correction,
    Review,
    read_dropped,
    read_log,
    read_reviews,
    write_log,
)
from pipelines.datasets.staging import clear_disk_errors, dataset_lock
from pipelines.datasets.versions import DatasetVersion, dataset_path, read_dataset_version
from pipelines.errors import DatasetError
from pipelines.params import load_params

REWRITTEN = CATALOGUE_FILES | {LOG_FILE}


@dataclass(frozen=True, slots=True)
class RelabelPlan:
    """What a review makes of a dataset."""

    contents: ImportPlan
    """What data/raw/<classifier> is to hold."""
    before: Mapping[str, int]
    after: Mapping[str, int]
    """Class -> its pictures."""
    moved: tuple[PictureMove, ...]
    removed: tuple[str, ...]
    """Files that go: dropped pictures, and further copies of one that moves."""
    corrections: tuple[Correction, ...]
    unchanged: int
    """Decisions that the dataset follows already."""


def relabel_dataset(
    workspace: Path,
    classifier: str,
    file: Path,
    *,
    reason: str = "",
    allow_new_class: bool = False,
    dry_run: bool = False,
    commit: bool = False,
) -> DatasetChange:
    """Apply the reviews in `file` as a new version, with their reasons in its relabelled.csv and in the commit.

    All of it or nothing: raises DatasetError naming the rows that cannot be applied, and the classes that would become
    too small. `dry_run` decides and changes nothing.
    """
    reviews = read_reviews(file, " ".join(reason.split()))
    min_per_class = load_params(workspace).classifier(classifier).prepare.min_per_class
    check_repository(workspace)
    check_dvc(workspace)
    raw = workspace / dataset_path(classifier)
    with dataset_lock(workspace), clear_disk_errors(raw):
        recover_dataset(workspace, classifier)
        version = read_dataset_version(workspace, classifier)
        check_out_dataset(workspace, classifier)
        check_dataset_unchanged(workspace, classifier)
        present = read_present(raw)
        plan = plan_relabelling(present, reviews, read_dropped(raw), allow_new_class=allow_new_class)
        order_labels(plan.after)
        _check_sizes(plan.after, min_per_class)
        if plan.corrections and not dry_run:
            version = _apply(workspace, version, plan)
        change = _describe(version, plan, dry_run=dry_run)
        if commit and not dry_run:
            change = commit_change(workspace, change, reason=reason or _sum_up_reasons(plan.corrections))
    return change


def plan_relabelling(
    present: PresentDataset, reviews: Sequence[Review], dropped: Collection[str] = (), *, allow_new_class: bool = False
) -> RelabelPlan:
    """Where each file goes. A picture that lies there several times keeps one place under its label.

    Reviews that drop pictures of `dropped`, which were dropped before, are followed already. Raises DatasetError for
    pictures and labels that the dataset does not have.
    """
    copies: dict[str, list[PresentFile]] = defaultdict(list)
    for each in present.pictures:
        copies[each.sha256].append(each)
    due = [each for each in reviews if each.label is not None or each.sha256 not in dropped or each.sha256 in copies]
    before = Counter(str(each.label) for each in present.pictures)
    _check_known(due, copies, before.keys(), allow_new_class=allow_new_class)
    moves, corrections = _apply_reviews(due, copies)
    removed = tuple(each.file for each in corrections if each.file not in moves)
    kept = _place(present, moves, removed)
    labels = {each.file: str(each.label) for each in present.pictures}
    after = Counter(moves.get(file, label) for file, label in labels.items() if file in kept)
    rows = tuple(replace(row, file=kept[file]) for file, row in find_rows(present, kept).items())
    classes = {label: parts for label, parts in present.classes.items() if label in after}
    return RelabelPlan(
        contents=ImportPlan(kept=kept, new={}, rows=rows, classes=classes, duplicates=0, rejected=()),
        before=before,
        after=after,
        moved=tuple(PictureMove(kept[file], labels[file], label) for file, label in moves.items()),
        removed=removed,
        corrections=corrections,
        unchanged=len(reviews) - len({each.sha256 for each in corrections}),
    )


def _apply_reviews(
    reviews: Sequence[Review], copies: Mapping[str, Sequence[PresentFile]]
) -> tuple[dict[str, str], tuple[Correction, ...]]:
    """File -> its new label, and a correction for each file that does not stay."""
    moves: dict[str, str] = {}
    corrections: list[Correction] = []
    for review in reviews:
        wrong = [each for each in copies[review.sha256] if each.label != review.label]
        if review.label is not None and wrong and len(wrong) == len(copies[review.sha256]):
            moves[wrong[0].file] = review.label
        corrections += [
            Correction(review.sha256, each.file, str(each.label), review.label or "", review.reason) for each in wrong
        ]
    return moves, tuple(corrections)


def _check_known(
    reviews: Sequence[Review], pictures: Collection[str], labels: Collection[str], *, allow_new_class: bool
) -> None:
    if DROP in labels:
        raise DatasetError(f"Expected no class named {DROP!r}, which says here that a picture goes. Rename its folder.")
    strangers = [f"{review.sha256[:12]}…" for review in reviews if review.sha256 not in pictures]
    if strangers:
        raise DatasetError(
            f"Expected the sha256 of pictures of this dataset, it has none of {len(strangers):,}: "
            f"{name_files(strangers)}. Delete these rows; nothing was changed."
        )
    wanted = {review.label for review in reviews if review.label is not None}
    impossible = sorted(label for label in wanted if "/" in label or "\\" in label or label.startswith("."))
    if impossible:
        raise DatasetError(
            f"Expected labels that can be a folder's name, received {name_files(map(repr, impossible))}. "
            "Correct them; nothing was changed."
        )
    fresh = sorted(wanted - set(labels))
    if fresh and not allow_new_class:
        raise DatasetError(
            f"Expected labels of {', '.join(sorted(labels)[:20])}, received {name_files(map(repr, fresh))}. "
            "Correct them, or run again with --allow-new-class; nothing was changed."
        )


def _check_sizes(counts: Mapping[str, int], min_per_class: int) -> None:
    small = [f"{label} ({count})" for label, count in sorted(counts.items()) if count < min_per_class]
    if small:
        raise DatasetError(
            f"Expected at least {min_per_class} pictures a class after these reviews, fewer would be left in "
            f"{name_files(small)}. Move all of a class to merge it, or add pictures first; nothing was changed."
        )


def _place(present: PresentDataset, moves: Mapping[str, str], removed: Collection[str]) -> dict[str, str]:
    """Present file -> its file in the new version; the catalogue and the log are not among them."""
    gone = REWRITTEN | moves.keys() | set(removed)
    kept = {each.file: each.file for each in present.files if each.file not in gone}
    folders = {str(each.label): each.file.split("/")[0] for each in present.pictures}
    names = FreeNames((*kept, *REWRITTEN))
    return kept | {
        file: names.take(folders.get(label, label), PurePosixPath(file).name) for file, label in moves.items()
    }


def _apply(workspace: Path, version: DatasetVersion, plan: RelabelPlan) -> DatasetVersion:
    raw = workspace / version.path
    with incoming_folder(workspace, version.classifier) as staged:
        lay_out(raw, staged, plan.contents)
        write_log(staged, (*read_log(raw), *plan.corrections))
        return install_dataset(workspace, version.classifier, staged)


def _describe(version: DatasetVersion, plan: RelabelPlan, *, dry_run: bool) -> DatasetChange:
    return DatasetChange(
        classifier=version.classifier,
        path=version.path,
        md5=version.md5,
        images=sum(plan.after.values()),
        classes=len(plan.after),
        added=0,
        duplicates=plan.unchanged,
        rejected=(),
        git_commit=None if version.dirty else version.git_commit,
        changed=bool(plan.corrections),
        removed=len(plan.removed),
        relabelled=len(plan.moved),
        added_classes=tuple(sorted(plan.after.keys() - plan.before.keys())),
        removed_classes=tuple(sorted(plan.before.keys() - plan.after.keys())),
        dry_run=dry_run,
        pictures=ChangedPictures(removed=plan.removed, relabelled=plan.moved) if dry_run else None,
    )


def _sum_up_reasons(corrections: Sequence[Correction]) -> str:
    """The reasons that the rows give, each once."""
    return name_files(dict.fromkeys(each.reason for each in corrections if each.reason))

"""How a planned version of a dataset differs from the present one, named before it happens."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.datasets.changes import ClassRename, PictureMove
from pipelines.datasets.collecting import CollectedPictures
from pipelines.datasets.planning import ImportPlan
from pipelines.datasets.present import PresentDataset

SAME_CLASS: Final = 0.9
"""Share of a new class's pictures that lie in one present class: then it is that class under another name."""
SHOWN_CLASSES: Final = 10


@dataclass(frozen=True, slots=True)
class ImportImpact:
    """What is different."""

    counts: Mapping[str, int]
    """Class -> its pictures in the new version, by class."""
    removed: tuple[str, ...]
    """Present pictures that the new version does not have."""
    relabelled: tuple[PictureMove, ...]
    annotated: int
    """Pictures with another box or official split."""
    added_classes: tuple[str, ...]
    removed_classes: Mapping[str, int]
    """Class -> the pictures that it had."""
    renamed_classes: tuple[ClassRename, ...]
    alike: tuple[ClassRename, ...]
    """Classes of the source that look like a present one under another name, while adding renames nothing."""
    changes: bool
    """Whether anything is different, the catalogue included."""


def weigh_import(
    present: PresentDataset, collected: CollectedPictures, plan: ImportPlan, *, replace: bool
) -> ImportImpact:
    """Compares what is there with what is planned; `replace` says whether classes may vanish."""
    labels = {file.file: str(file.label) for file in present.pictures}
    after = {file: _label_after(file, label, plan) for file, label in labels.items() if file in plan.kept}
    counts = Counter((*after.values(), *(each.picture.label for each in plan.new.values())))
    before = Counter(labels.values())
    renames = find_renames(
        {file.sha256: str(file.label) for file in present.pictures},
        {each.sha256: each.picture.label for each in collected.pictures},
    )
    renamed = tuple(each for each in renames if replace and each.after in counts)
    gone = before.keys() - counts.keys() - {each.before for each in renamed}
    come = counts.keys() - before.keys() - {each.after for each in renamed}
    moved = [
        PictureMove(plan.kept[file], labels[file], label) for file, label in after.items() if label != labels[file]
    ]
    removed = tuple(file for file in labels if file not in plan.kept)
    same_words = plan.rows == present.rows and dict(plan.classes) == dict(present.classes)
    return ImportImpact(
        counts=dict(sorted(counts.items())),
        removed=removed,
        relabelled=tuple(moved),
        annotated=_count_annotated(present, plan),
        added_classes=tuple(sorted(come)),
        removed_classes={name: before[name] for name in sorted(gone)},
        renamed_classes=renamed,
        alike=() if replace else renames,
        changes=bool(plan.new or removed or moved) or not same_words,
    )


def find_renames(present: Mapping[str, str], incoming: Mapping[str, str]) -> tuple[ClassRename, ...]:
    """Classes that came under another name: sha256 -> label of what is there, and of what a source offers.

    Nearly all pictures of the new class, and most of the present one, are the same; the present name is not offered.
    """
    sizes = Counter(present.values())
    offered = set(incoming.values())
    origins: dict[str, Counter[str | None]] = defaultdict(Counter)
    for sha256, label in incoming.items():
        if label not in sizes:
            origins[label][present.get(sha256)] += 1
    found = []
    for after, counts in sorted(origins.items()):
        before, shared = counts.most_common(1)[0]
        if before is None or before in offered:
            continue
        if shared >= SAME_CLASS * counts.total() and shared > sizes[before] / 2:
            found.append(ClassRename(before, after, shared))
    return tuple(found)


def describe_impact(impact: ImportImpact) -> tuple[str, ...]:
    """What a person must know before it happens, one line each; nothing when pictures are only added."""
    renamed = sum(each.pictures for each in impact.renamed_classes)
    lines = [
        f"renames class {each.before} to {each.after} ({each.pictures:,} pictures)" for each in impact.renamed_classes
    ]
    lines += [f"removes class {name} ({count:,} pictures)" for name, count in impact.removed_classes.items()]
    lines += [
        f"class {each.after} looks like class {each.before} under another name ({each.pictures:,} pictures); "
        "these stay as they are, --replace renames it"
        for each in impact.alike
    ]
    more = len(lines) - SHOWN_CLASSES
    if more > 0:
        lines = [*lines[:SHOWN_CLASSES], f"and {more:,} classes more; --dry-run --json names all"]
    others = len(impact.removed) - sum(impact.removed_classes.values())
    if others:
        lines.append(f"removes {others:,} pictures of other classes")
    if len(impact.relabelled) > renamed:
        lines.append(f"relabels {len(impact.relabelled) - renamed:,} pictures")
    return tuple(lines)


def _label_after(file: str, label: str, plan: ImportPlan) -> str:
    """Of a present file; the folder of one that stays may be written in another form than its label."""
    return label if plan.kept[file] == file else plan.kept[file].split("/")[0]


def _count_annotated(present: PresentDataset, plan: ImportPlan) -> int:
    before = {row.sha256: (row.split, row.box) for row in present.rows}
    new = plan.new.keys()
    return sum((row.split, row.box) != before.get(row.sha256, ("", None)) for row in plan.rows if row.file not in new)

"""What differs between two versions of a dataset, by the pictures' bytes: a name alone says nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.datasets.objects import VersionFile


@dataclass(frozen=True, slots=True)
class MovedPicture:
    """The same bytes at another place."""

    before: str
    after: str
    """Files below data/raw/<classifier>; their class folders differ when the picture was relabelled."""
    md5: str


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """What happened to one class."""

    label: str
    before: int
    after: int
    """Pictures."""
    added: int
    removed: int
    moved_in: int
    moved_out: int
    """Relabelled from and to other classes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """From one version to another. A picture whose bytes changed is removed and added."""

    images_before: int
    images_after: int
    added: tuple[VersionFile, ...]
    removed: tuple[VersionFile, ...]
    relabelled: tuple[MovedPicture, ...]
    renamed: tuple[MovedPicture, ...]
    """Under another name in the same class."""
    classes: tuple[ClassDifference, ...]
    """Every class of either version, by name."""
    other_files: tuple[str, ...]
    """Files that are no pictures and differ, such as pictures.csv: boxes, official splits, origins."""

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.relabelled or self.renamed or self.other_files)


def compare_versions(before: Iterable[VersionFile], after: Iterable[VersionFile]) -> Difference:
    """Pictures of two versions, matched by content: first at the same place, then in the same class, then anywhere."""
    old, new = set(before), set(after)
    gone, come = _pictures(old - new), _pictures(new - old)
    renamed = _match(gone, come, same_class=True)
    relabelled = _match(gone, come, same_class=False)
    removed, added = _flatten(gone), _flatten(come)
    return Difference(
        images_before=sum(file.label is not None for file in old),
        images_after=sum(file.label is not None for file in new),
        added=added,
        removed=removed,
        relabelled=relabelled,
        renamed=renamed,
        classes=_count_classes(old, new, added, removed, relabelled),
        other_files=tuple(sorted({file.file for file in old ^ new if file.label is None})),
    )


def _pictures(files: Iterable[VersionFile]) -> dict[str, list[VersionFile]]:
    """By content, each in the order of names."""
    by_content: dict[str, list[VersionFile]] = defaultdict(list)
    for file in sorted(files):
        if file.label is not None:
            by_content[file.md5].append(file)
    return by_content


def _match(
    gone: dict[str, list[VersionFile]], come: dict[str, list[VersionFile]], *, same_class: bool
) -> tuple[MovedPicture, ...]:
    """Take pairs of the same content out of both."""
    moved = []
    for md5 in gone.keys() & come.keys():
        for old in tuple(gone[md5]):
            new = next((file for file in come[md5] if not same_class or file.label == old.label), None)
            if new is not None:
                gone[md5].remove(old)
                come[md5].remove(new)
                moved.append(MovedPicture(old.file, new.file, md5))
    return tuple(sorted(moved, key=lambda each: (each.after, each.before)))


def _flatten(by_content: dict[str, list[VersionFile]]) -> tuple[VersionFile, ...]:
    return tuple(sorted(file for files in by_content.values() for file in files))


def _count_classes(
    old: Iterable[VersionFile],
    new: Iterable[VersionFile],
    added: Sequence[VersionFile],
    removed: Sequence[VersionFile],
    relabelled: Sequence[MovedPicture],
) -> tuple[ClassDifference, ...]:
    before, after = Counter(file.label for file in old), Counter(file.label for file in new)
    come, gone = Counter(file.label for file in added), Counter(file.label for file in removed)
    moved_in = Counter(VersionFile(each.after, each.md5).label for each in relabelled)
    moved_out = Counter(VersionFile(each.before, each.md5).label for each in relabelled)
    labels = sorted(label for label in before.keys() | after.keys() if label is not None)
    return tuple(
        ClassDifference(label, before[label], after[label], come[label], gone[label], moved_in[label], moved_out[label])
        for label in labels
    )

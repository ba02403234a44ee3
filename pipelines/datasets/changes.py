"""What an import, a drawing or a review made of a dataset, or would make of it: plain data for whoever tells it."""

from dataclasses import dataclass

from pipelines.datasets.manifest import Rejected


@dataclass(frozen=True, slots=True)
class ClassRename:
    """A class folder whose pictures lie under another name now."""

    before: str
    after: str
    pictures: int


@dataclass(frozen=True, slots=True)
class PictureMove:
    """A picture that changed its label."""

    file: str
    """Where it lies now, below data/raw/<classifier>."""
    before: str
    after: str
    """Labels."""


@dataclass(frozen=True, slots=True)
class ChangedPictures:
    """The pictures of a change by name: files below data/raw/<classifier>."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    relabelled: tuple[PictureMove, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """What a command made of a classifier's dataset."""

    classifier: str
    path: str
    """Below the workspace."""
    md5: str
    """Of the version in force; empty when a trial run found none."""
    images: int
    """Pictures in the dataset now; after a trial run, those that it would have."""
    classes: int
    added: int
    duplicates: int
    """Pictures of the source that the dataset, or the source itself, already had."""
    rejected: tuple[Rejected, ...]
    git_commit: str | None
    """None while the version is not committed."""
    changed: bool = True
    """False when the version in force is the one before."""
    removed: int = 0
    relabelled: int = 0
    """Pictures under another label than before, those of renamed classes among them."""
    annotated: int = 0
    """Pictures that were there and got another box or official split."""
    added_classes: tuple[str, ...] = ()
    removed_classes: tuple[str, ...] = ()
    renamed_classes: tuple[ClassRename, ...] = ()
    layout: str = ""
    evidence: str = ""
    """What the source was read as, and what it was recognised by."""
    rejected_file: str | None = None
    """The list of what was rejected, below the workspace."""
    dry_run: bool = False
    pictures: ChangedPictures | None = None
    """By name; told by a trial run only."""


def describe_change(change: DatasetChange) -> str:
    """The change as one sentence: what `--commit` tells git."""
    counts = {
        "added": change.added,
        "removed": change.removed,
        "relabelled": change.relabelled,
        "annotated": change.annotated,
    }
    parts = [f"{count:,} {word}" for word, count in counts.items() if count]
    if parts:
        first, word = parts[0].split()
        parts[0] = f"{first} {'picture' if first == '1' else 'pictures'} {word}"
    parts += [f"{each.before} renamed to {each.after}" for each in change.renamed_classes]
    now = f"now {change.images:,} of {change.classes} classes"
    return f"Dataset {change.classifier}: {', '.join((*parts, now))}"

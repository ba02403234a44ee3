"""What an import makes of a dataset, decided before anything of it is changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from pipelines.datasets.catalogue import CataloguePicture, ClassParts
from pipelines.datasets.collecting import CollectedPictures, IncomingPicture, reject_other_label
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.naming import FreeNames, plain_name
from pipelines.datasets.present import CATALOGUE_FILES, PresentDataset, PresentFile


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What the user asked for."""

    origin: str
    """Name of the imported folder; stands in front of each picture's path in the catalogue."""
    classes: Mapping[str, ClassParts]
    """What the source knows of its classes."""
    replace: bool = False
    """The dataset becomes exactly the source."""
    min_pictures: int = 1
    """New classes with fewer pictures are left out; when replacing, all of them."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """sha256 -> reason of pictures that a review dropped; they stay out, unless the dataset is replaced."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What data/raw/<classifier> is to hold."""

    kept: Mapping[str, str]
    """Present file -> its file in the new version, another one when its label changes; the catalogue is not among."""
    new: Mapping[str, IncomingPicture]
    """File in the new version -> the picture."""
    rows: tuple[CataloguePicture, ...]
    classes: Mapping[str, ClassParts]
    duplicates: int
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    """The pictures of a source, told apart by what the dataset has."""

    fresh: tuple[IncomingPicture, ...]
    matched: Mapping[str, IncomingPicture]
    """Present file -> the same picture in the source."""
    rejected: tuple[Rejected, ...]


def plan_import(present: PresentDataset, collected: CollectedPictures, wish: ImportWish) -> ImportPlan:
    """Adding keeps every present picture under its label; replacing keeps those of the source, under the source's.

    Rows of the catalogue stay in their order, those of new pictures follow by sha256.
    """
    offer = _leave_out_small(present, _match(present, collected, wish), wish)
    stays, moves = _choose_kept(present, offer, wish)
    names = FreeNames((*stays, *CATALOGUE_FILES))
    folders = {str(file.label): file.file.split("/")[0] for file in present.pictures if file.file in stays}

    def place(label: str, name: str) -> str:
        return names.take(folders.get(label, label), name)

    kept = {file: file for file in stays}
    kept |= {file: place(each.picture.label, PurePosixPath(file).name) for file, each in moves.items()}
    new = {place(each.picture.label, _plain_name(each)): each for each in offer.fresh}
    labels = {str(file.label) for file in present.pictures if file.file in stays}
    labels |= {each.picture.label for each in (*moves.values(), *offer.fresh)}
    known_classes = {**present.classes, **wish.classes}
    return ImportPlan(
        kept=kept,
        new=new,
        rows=_list_rows(present, kept, new, offer, wish),
        classes={label: parts for label, parts in sorted(known_classes.items()) if label in labels},
        duplicates=collected.duplicates + len(offer.matched) - len(moves),
        rejected=collected.rejected + offer.rejected,
    )


def _match(present: PresentDataset, collected: CollectedPictures, wish: ImportWish) -> _Offer:
    copies: dict[str, list[PresentFile]] = {}
    for file in present.pictures:
        copies.setdefault(file.sha256, []).append(file)
    fresh, matched, rejected = [], {}, []
    for each in collected.pictures:
        there = copies.get(each.sha256)
        if there is None and each.sha256 in wish.dropped and not wish.replace:
            rejected.append(Rejected(each.picture.name, f"A review dropped it. {wish.dropped[each.sha256]}".strip()))
            continue
        if there is None:
            fresh.append(each)
            continue
        same = next((file for file in there if file.label == each.picture.label), there[0])
        if same.label == each.picture.label or wish.replace:
            matched[same.file] = each
        else:
            rejected.append(reject_other_label(each.picture, str(same.label)))
    return _Offer(tuple(fresh), matched, tuple(rejected))


def _leave_out_small(present: PresentDataset, offer: _Offer, wish: ImportWish) -> _Offer:
    counts = Counter(each.picture.label for each in (*offer.fresh, *offer.matched.values()))
    safe = set() if wish.replace else {file.label for file in present.pictures}
    small = {label for label, count in counts.items() if count < wish.min_pictures} - safe
    if not small:
        return offer
    left_out = tuple(
        Rejected(each.picture.name, f"Its class has {counts[each.picture.label]} of {wish.min_pictures} pictures.")
        for each in (*offer.fresh, *offer.matched.values())
        if each.picture.label in small
    )
    return _Offer(
        tuple(each for each in offer.fresh if each.picture.label not in small),
        {file: each for file, each in offer.matched.items() if each.picture.label not in small},
        offer.rejected + left_out,
    )


def _choose_kept(
    present: PresentDataset, offer: _Offer, wish: ImportWish
) -> tuple[frozenset[str], dict[str, IncomingPicture]]:
    """Present files that stay where they are, and those that stay under another label."""
    files = [file for file in present.files if file.file not in CATALOGUE_FILES]
    if not wish.replace:
        return frozenset(file.file for file in files), {}
    labels = {file.file: file.label for file in files}
    moves = {file: each for file, each in offer.matched.items() if labels[file] != each.picture.label}
    beside = {file.file for file in files if "/" not in file.file}  # a licence or a README goes with no picture
    return frozenset((offer.matched.keys() - moves.keys()) | beside), moves


def _plain_name(each: IncomingPicture) -> str:
    return plain_name(each.picture.name, each.picture.label, each.suffix)


def _list_rows(
    present: PresentDataset,
    kept: Mapping[str, str],
    new: Mapping[str, IncomingPicture],
    offer: _Offer,
    wish: ImportWish,
) -> tuple[CataloguePicture, ...]:
    found = find_rows(present, kept)
    old = [_annotate(replace(row, file=kept[file]), offer.matched.get(file), wish) for file, row in found.items()]
    told = {
        kept[file]: each
        for file, each in offer.matched.items()
        if file not in found and (each.picture.split or each.picture.box)
    }
    fresh = [
        CataloguePicture(
            file, each.sha256, f"{wish.origin}/{each.picture.name}", each.picture.split or "", each.picture.box
        )
        for file, each in (*new.items(), *told.items())
    ]
    return (*old, *sorted(fresh, key=lambda row: row.sha256))


def find_rows(present: PresentDataset, kept: Mapping[str, str]) -> dict[str, CataloguePicture]:
    """Present file -> its row, in the order of the rows; a file that was moved by hand is found by its bytes."""
    hashes = {file.file: file.sha256 for file in present.pictures if file.file in kept}
    by_hash = _first_by_hash(hashes)
    found: dict[str, CataloguePicture] = {}
    for row in present.rows:
        file = row.file if hashes.get(row.file) == row.sha256 else by_hash.get(row.sha256)
        if file is not None:
            found.setdefault(file, row)
    return found


def _first_by_hash(hashes: Mapping[str, str]) -> dict[str, str]:
    first: dict[str, str] = {}
    for file, sha256 in hashes.items():
        first.setdefault(sha256, file)
    return first


def _annotate(row: CataloguePicture, each: IncomingPicture | None, wish: ImportWish) -> CataloguePicture:
    """With what the source says of the picture; what it does not say stays, unless the dataset is replaced."""
    if each is None:
        return row
    split, box = each.picture.split or "", each.picture.box
    if wish.replace:
        return replace(row, split=split, box=box)
    return replace(row, split=split or row.split, box=box or row.box)

"""Decoded pictures become a dataset: which are used, which look alike, and in which split each is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.datasets.class_folders import check_class_sizes
from pipelines.datasets.grouping import Arrival, LeftOut, Place, group_arrivals
from pipelines.datasets.likenesses import Likeness, find_likenesses
from pipelines.datasets.manifest import CONTRADICTION, Rejected
from pipelines.datasets.near_duplicates import NearDuplicate
from pipelines.datasets.splits import Split, SplitRange, borrow_groups, split_ranges
from pipelines.datasets.spool import Spool, SpooledPicture
from pipelines.errors import DatasetError
from pipelines.stage_params import PrepareParams

HELD_OUT: Final[tuple[Split | None, ...]] = ("test", "validation")
"""Splits that stay as their source gives them; what it calls train is divided where it gives no other."""

Likenesses = list[tuple[Likeness, ...]]


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """A picture of the dataset."""

    picture: SpooledPicture
    group: str
    split: Split


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What a dataset is made of."""

    placed: tuple[PlacedPicture, ...]
    """By sha256, then name: classes come mixed, and the order does not depend on names."""
    rejected: tuple[Rejected, ...]
    pairs: tuple[NearDuplicate, ...]
    """Pictures of the dataset that look alike, each with those before it that it was compared with."""


def arrange_pictures(spool: Spool, names: Sequence[str], params: PrepareParams) -> Arrangement:
    """Raises DatasetError when one of the class names has too few usable pictures, or a split none."""
    pictures = sorted(spool.pictures, key=_arrival_key)
    held_out = {each.raw.official for each in pictures if each.raw.official} & set(HELD_OUT)
    ranges = split_ranges(params.splits, [split for split in held_out if split])
    arrivals = [Arrival(each.sha256, each.raw.official if each.raw.official in HELD_OUT else None) for each in pictures]
    likenesses = _find_all(pictures, spool, params)
    answers = group_arrivals(arrivals, likenesses, ranges)
    reasons = _explain_left_out(pictures, answers) | _explain_contradictions(pictures)
    places = {n: place for n, place in enumerate(answers) if isinstance(place, Place) and n not in reasons}
    _check_sizes([pictures[number] for number in places], names, params.min_per_class)
    splits = _borrow(pictures, places, ranges)
    placed = [PlacedPicture(pictures[number], place.group, splits[place.group]) for number, place in places.items()]
    _check_splits(placed, ranges)
    return Arrangement(
        placed=tuple(sorted(placed, key=lambda each: (each.picture.sha256, each.picture.raw.name))),
        rejected=tuple(Rejected(pictures[number].raw.name, reason) for number, reason in reasons.items()),
        pairs=tuple(
            _pair(pictures[each.earlier], pictures[number], each.distance)
            for number, alike in enumerate(likenesses)
            for each in alike
            if number in places and each.earlier in places
        ),
    )


def _arrival_key(picture: SpooledPicture) -> tuple[int, int, str, str]:
    official = picture.raw.official
    rank = HELD_OUT.index(official) if official in HELD_OUT else len(HELD_OUT)
    return rank, picture.raw.arrival, picture.sha256, picture.raw.name


def _find_all(pictures: Sequence[SpooledPicture], spool: Spool, params: PrepareParams) -> Likenesses:
    """For each picture the earlier ones that it looks like; those of the same bytes always."""
    found: Likenesses = [()] * len(pictures)
    if params.near_duplicates.enabled:
        order = np.array([each.place for each in pictures], np.int64)
        found = list(find_likenesses(spool.looks, order, params.near_duplicates))
    first: dict[str, int] = {}
    for number, picture in enumerate(pictures):
        twin = first.setdefault(picture.sha256, number)
        if twin != number:
            others = (each for each in found[number] if each.earlier != twin)
            found[number] = (Likeness(twin, 0.0, same=True), *others)
    return found


def _explain_left_out(pictures: Sequence[SpooledPicture], answers: Sequence[Place | LeftOut]) -> dict[int, str]:
    reasons = {}
    for number, answer in enumerate(answers):
        if isinstance(answer, LeftOut):
            like = " and ".join(f"{pictures[other].raw.name} ({split})" for other, split in answer.like)
            reasons[number] = f"It looks like {like}: wherever it is used, a split would know another's picture."
    return reasons


def _explain_contradictions(pictures: Sequence[SpooledPicture]) -> dict[int, str]:
    """The same bytes under two labels teach nothing: none of them is used."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        labels[picture.sha256].add(picture.raw.label)
    return {
        number: f"{CONTRADICTION} {' and '.join(sorted(labels[picture.sha256]))}."
        for number, picture in enumerate(pictures)
        if len(labels[picture.sha256]) > 1
    }


def _check_sizes(pictures: Sequence[SpooledPicture], names: Sequence[str], min_per_class: int) -> None:
    different: defaultdict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        different[picture.raw.label].add(picture.sha256)
    check_class_sizes({name: len(different[name]) for name in names}, min_per_class)


def _borrow(
    pictures: Sequence[SpooledPicture], places: Mapping[int, Place], ranges: Sequence[SplitRange]
) -> dict[str, Split]:
    """Split of each group, with what tiny classes borrow."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for number, place in places.items():
        labels[place.group].add(pictures[number].raw.label)
    return borrow_groups({place.group: place.split for place in places.values()}, labels, ranges)


def _check_splits(placed: Sequence[PlacedPicture], ranges: Sequence[SplitRange]) -> None:
    empty = {each.split for each in ranges} - {each.split for each in placed}
    if empty:
        groups = len({each.group for each in placed})
        raise DatasetError(
            f"Expected pictures for {' and '.join(sorted(empty))}, found none: {len(placed)} pictures can be used, and "
            f"{groups} of them do not look alike. Add other pictures, or set prepare.near_duplicates.enabled to false."
        )


def _pair(earlier: SpooledPicture, later: SpooledPicture, distance: float) -> NearDuplicate:
    path_a, path_b = sorted((earlier.raw.name, later.raw.name))
    return NearDuplicate(path_a, path_b, distance)

"""Which split a group of pictures belongs to: decided by a hash, so that adding pictures never moves the others."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.stage_params import SplitShares

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SplitRange:
    """Part of the line from 0 to 1 that belongs to one split."""

    split: Split
    start: float
    end: float

    def distance(self, position: float) -> float:
        """0 inside, else how far outside."""
        return max(self.start - position, position - self.end, 0.0)


def split_ranges(shares: SplitShares, official: Collection[Split] = ()) -> tuple[SplitRange, ...]:
    """The stretch of each split that has a share, test first.

    A split that the source of the pictures gives is not filled by hash: the others take its stretch.
    """
    widths: dict[Split, float] = {"test": shares.test, "validation": shares.validation, "train": shares.train}
    open_to_all = {split: width for split, width in widths.items() if width > 0 and split not in official}
    total = sum(open_to_all.values())
    ranges, start = [], 0.0
    for split, width in open_to_all.items():
        ranges.append(SplitRange(split, start, start + width / total))
        start += width / total
    return tuple(ranges)


def find_split(sha256: str, ranges: Sequence[SplitRange]) -> Split:
    """The split in whose stretch a hash lies."""
    position = hash_position(sha256)
    return next((each.split for each in ranges if position < each.end), ranges[-1].split)


def hash_position(sha256: str) -> float:
    """Place of a picture from 0 (included) to 1 (excluded), by the first 52 bits of its hash."""
    return int(sha256[:13], 16) / 16**13


def borrow_groups(
    splits: Mapping[str, Split], labels: Mapping[str, Collection[str]], ranges: Sequence[SplitRange]
) -> dict[str, Split]:
    """The splits with what tiny classes need: each group's split and labels go by the group's sha256.

    No rule without memory can promise every class a picture in every split and never move one: of three pictures of
    a class each must stand alone, and a fourth then moves one. So a split that has no group of a class *borrows* the
    nearest one from the split with the most. Only borrowed groups can move when pictures are added, and only small
    classes borrow: with two shares of 0.15, one class in fifty at 28 groups. A group of two labels is not lent, or
    one class would move another; nor is one that its source put where it is.
    """
    by_class: dict[str, list[str]] = defaultdict(list)
    for group in sorted(splits):
        for label in labels[group]:
            by_class[label].append(group)
    lent: dict[str, Split] = {}
    for members in by_class.values():
        own = {group: splits[group] for group in members}
        lent |= _borrow_for_class(own, {group for group in members if len(labels[group]) == 1}, ranges)
    return {**splits, **lent}


def _borrow_for_class(own: dict[str, Split], lendable: set[str], ranges: Sequence[SplitRange]) -> dict[str, Split]:
    lent: dict[str, Split] = {}
    for wanting in ranges:
        if wanting.split in own.values():
            continue
        sizes = Counter({each.split: 0 for each in ranges})
        sizes.update(split for split in own.values() if split in sizes)
        lender = max(sizes, key=lambda split: sizes[split])
        offered = [group for group in lendable if own[group] == lender]
        if sizes[lender] > 1 and offered:
            chosen = min(offered, key=lambda group: (wanting.distance(hash_position(group)), group))
            own[chosen] = lent[chosen] = wanting.split
    return lent

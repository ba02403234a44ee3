"""Which split a picture belongs to: decided by its own bytes, so that adding pictures never moves the others."""

from collections import defaultdict
from collections.abc import Mapping
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


def assign_splits(labels: Mapping[str, str], shares: SplitShares) -> dict[str, Split]:
    """Split of each picture; `labels` and the answer go by sha256.

    A picture's place on the line from 0 to 1 is its hash, and each split owns a stretch of that line. No rule
    without memory can also promise every class a picture in every split: of three pictures of a class each must
    stand alone, and a fourth then moves one. So a split that gets no picture of a class *borrows* the nearest one
    from the split with the most. Only borrowed pictures can move when pictures are added, and only small classes
    borrow: with two shares of 0.15, one class in fifty at 28 pictures.
    """
    ranges = split_ranges(shares)
    by_class: dict[str, list[str]] = defaultdict(list)
    for sha256 in sorted(labels):
        by_class[labels[sha256]].append(sha256)
    assigned: dict[str, Split] = {}
    for members in by_class.values():
        assigned |= _assign_class(members, ranges)
    return assigned


def split_ranges(shares: SplitShares) -> tuple[SplitRange, ...]:
    """The stretch of each split that has a share, test first."""
    ranges, start = [], 0.0
    widths: tuple[tuple[Split, float], ...] = (
        ("test", shares.test), ("validation", shares.validation), ("train", shares.train),
    )  # fmt: skip
    for split, width in widths:
        if width > 0:
            ranges.append(SplitRange(split, start, start + width))
            start += width
    return tuple(ranges)


def hash_position(sha256: str) -> float:
    """Place of a picture from 0 (included) to 1 (excluded), by the first 52 bits of its hash."""
    return int(sha256[:13], 16) / 16**13


def _assign_class(members: list[str], ranges: tuple[SplitRange, ...]) -> dict[str, Split]:
    assigned = {sha256: _natural_split(hash_position(sha256), ranges) for sha256 in members}
    for wanting in ranges:
        if wanting.split in assigned.values():
            continue
        sizes = {each.split: list(assigned.values()).count(each.split) for each in ranges}
        lender = max(sizes, key=lambda split: sizes[split])
        if sizes[lender] > 1:
            lent = (sha256 for sha256 in members if assigned[sha256] == lender)
            assigned[min(lent, key=lambda sha256: (wanting.distance(hash_position(sha256)), sha256))] = wanting.split
    return assigned


def _natural_split(position: float, ranges: tuple[SplitRange, ...]) -> Split:
    return next((each.split for each in ranges if position < each.end), ranges[-1].split)

"""Pictures that look alike share a group and a split, and no picture that came later moves one that was there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.datasets.likenesses import Likeness
from pipelines.datasets.splits import Split, SplitRange, find_split


@dataclass(frozen=True, slots=True)
class Arrival:
    """A picture, in the order of arrival; those of an official test split come first, then official validation."""

    sha256: str
    official: Split | None
    """The split that its source put it in; None where that is for its hash to say."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture belongs."""

    group: str
    """sha256 of its founder, the first picture of the group."""
    split: Split


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that would tie two splits together."""

    like: tuple[tuple[int, Split], ...]
    """What it looks like: the number of one picture of each split, and the split."""


def group_arrivals(
    arrivals: Sequence[Arrival], likenesses: Iterable[Sequence[Likeness]], ranges: Sequence[SplitRange]
) -> list[Place | LeftOut]:
    """A place for each picture, decided one after the other from the places of those before.

    A picture that looks like none founds a group, and its hash or its source gives the split. One that looks like
    pictures of one split joins them and makes their groups one, for a pair that is alike must never be in two. One
    that looks like pictures of two splits is left out: the alternative would be to move a picture that was there.
    So is one that its source puts elsewhere, and one that would add to a split that only its source may fill.
    """
    ledger = _Ledger(arrivals, ranges)
    for number, alike in enumerate(likenesses):
        ledger.enter(number, alike)
    return [ledger.answer(number) for number in range(len(arrivals))]


class _Ledger:
    """Groups as a forest: each picture points to an earlier one of its group, a founder to itself."""

    def __init__(self, arrivals: Sequence[Arrival], ranges: Sequence[SplitRange]) -> None:
        self._arrivals = arrivals
        self._ranges = ranges
        self._open = {each.split for each in ranges}
        self._parents: list[int] = []
        self._splits: dict[int, Split] = {}
        self._left_out: dict[int, LeftOut] = {}

    def enter(self, number: int, alike: Sequence[Likeness]) -> None:
        self._parents.append(number)
        stand_in = next((each.earlier for each in alike if each.same and each.earlier in self._left_out), None)
        placed = [each.earlier for each in alike if each.earlier not in self._left_out]
        like: dict[Split, int] = {}
        for earlier in placed:
            like.setdefault(self._splits[self._founder(earlier)], earlier)
        official = self._arrivals[number].official
        if stand_in is not None:
            self._left_out[number] = self._left_out[stand_in]
        elif like.keys() - ({official} if official else self._open) or len(like) > 1:
            self._left_out[number] = LeftOut(tuple((like[split], split) for split in sorted(like)))
        elif like:
            self._join(number, placed)
        else:
            self._splits[number] = official or find_split(self._arrivals[number].sha256, self._ranges)

    def answer(self, number: int) -> Place | LeftOut:
        if number in self._left_out:
            return self._left_out[number]
        founder = self._founder(number)
        return Place(self._arrivals[founder].sha256, self._splits[founder])

    def _join(self, number: int, earlier: Iterable[int]) -> None:
        first, *others = sorted({self._founder(each) for each in earlier})
        for each in (*others, number):
            self._parents[each] = first

    def _founder(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = number = self._parents[self._parents[number]]
        return number

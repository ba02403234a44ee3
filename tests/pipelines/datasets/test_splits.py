import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.splits import SPLITS, assign_splits, hash_position, split_ranges
from pipelines.stage_params import SplitShares

SHARES = SplitShares(train=0.7, validation=0.15, test=0.15)


def hashes(count: int, start: int = 0) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(start, start + count)]


def test_shares_are_kept_on_many_pictures() -> None:
    splits = assign_splits(dict.fromkeys(hashes(4000), "cat"), SHARES)

    counts = Counter(splits.values())
    assert abs(counts["train"] / 4000 - 0.7) < 0.03
    assert abs(counts["validation"] / 4000 - 0.15) < 0.03
    assert abs(counts["test"] / 4000 - 0.15) < 0.03


def test_adding_pictures_moves_no_other_picture() -> None:
    before = assign_splits(dict.fromkeys(hashes(200), "cat"), SHARES)

    after = assign_splits(dict.fromkeys(hashes(300), "cat"), SHARES)

    assert {sha256: after[sha256] for sha256 in before} == before


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=3, max_size=40, unique=True))
def test_every_class_has_a_picture_in_every_split(contents: list[bytes]) -> None:
    members = [hashlib.sha256(content).hexdigest() for content in contents]

    splits = assign_splits(dict.fromkeys(members, "cat"), SHARES)

    assert set(splits) == set(members)
    assert set(splits.values()) == set(SPLITS)


@given(
    st.lists(st.binary(min_size=1, max_size=8), min_size=3, max_size=30, unique=True),
    st.lists(st.binary(min_size=9, max_size=12), max_size=10, unique=True),
)
def test_only_a_borrowed_picture_may_move_when_pictures_are_added(kept: list[bytes], added: list[bytes]) -> None:
    members = [hashlib.sha256(content).hexdigest() for content in kept]
    newcomers = [hashlib.sha256(content).hexdigest() for content in added]
    ranges = {each.split: each for each in split_ranges(SHARES)}

    before = assign_splits(dict.fromkeys(members, "cat"), SHARES)
    after = assign_splits(dict.fromkeys(members + newcomers, "cat"), SHARES)

    for sha256 in members:
        at_home = ranges[before[sha256]].distance(hash_position(sha256)) == 0
        borrowed_now = ranges[after[sha256]].distance(hash_position(sha256)) > 0
        assert before[sha256] == after[sha256] or not at_home or borrowed_now


def test_another_class_does_not_change_a_class() -> None:
    cats, dogs = dict.fromkeys(hashes(10), "cat"), dict.fromkeys(hashes(10, start=50), "dog")

    alone, together = assign_splits(cats, SHARES), assign_splits(cats | dogs, SHARES)

    assert {sha256: together[sha256] for sha256 in cats} == alone


def test_a_split_without_a_share_gets_nothing() -> None:
    shares = SplitShares(train=0.8, validation=0.2, test=0)

    assert set(assign_splits(dict.fromkeys(hashes(50), "cat"), shares).values()) == {"train", "validation"}

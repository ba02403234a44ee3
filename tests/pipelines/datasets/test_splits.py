import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.splits import (
    SPLITS,
    Split,
    borrow_groups,
    find_split,
    hash_position,
    split_ranges,
)
from pipelines.stage_params import SplitShares

SHARES = SplitShares(train=0.7, validation=0.15, test=0.15)
RANGES = split_ranges(SHARES)


def hashes(count: int, start: int = 0) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(start, start + count)]


def hash_all(contents: list[bytes]) -> list[str]:
    return [hashlib.sha256(content).hexdigest() for content in contents]


def borrow(labels: dict[str, str]) -> dict[str, Split]:
    """Splits of groups of one label each, found and borrowed."""
    found = {group: find_split(group, RANGES) for group in labels}
    return borrow_groups(found, {group: {label} for group, label in labels.items()}, RANGES)


def test_shares_are_kept_on_many_pictures() -> None:
    counts = Counter(find_split(sha256, RANGES) for sha256 in hashes(4000))

    assert abs(counts["train"] / 4000 - 0.7) < 0.03
    assert abs(counts["validation"] / 4000 - 0.15) < 0.03
    assert abs(counts["test"] / 4000 - 0.15) < 0.03


def test_a_split_that_is_given_leaves_its_share_to_the_others() -> None:
    ranges = split_ranges(SHARES, ["test"])

    assert [each.split for each in ranges] == ["validation", "train"]
    assert ranges[0].end == 0.15 / 0.85
    assert ranges[-1].end == 1


def test_a_split_without_a_share_gets_nothing() -> None:
    ranges = split_ranges(SplitShares(train=0.8, validation=0.2, test=0))

    assert {find_split(sha256, ranges) for sha256 in hashes(50)} == {"train", "validation"}


def test_large_classes_borrow_nothing() -> None:
    found = {group: find_split(group, RANGES) for group in hashes(200)}

    assert borrow(dict.fromkeys(found, "cat")) == found


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=3, max_size=40, unique=True))
def test_every_class_has_a_group_in_every_split(contents: list[bytes]) -> None:
    groups = hash_all(contents)

    splits = borrow(dict.fromkeys(groups, "cat"))

    assert set(splits) == set(groups)
    assert set(splits.values()) == set(SPLITS)


@given(
    st.lists(st.binary(min_size=1, max_size=8), min_size=3, max_size=30, unique=True),
    st.lists(st.binary(min_size=9, max_size=12), max_size=10, unique=True),
)
def test_only_a_borrowed_group_may_move_when_pictures_are_added(kept: list[bytes], added: list[bytes]) -> None:
    groups, newcomers = hash_all(kept), hash_all(added)
    ranges = {each.split: each for each in RANGES}

    before = borrow(dict.fromkeys(groups, "cat"))
    after = borrow(dict.fromkeys(groups + newcomers, "cat"))

    for group in groups:
        at_home = ranges[before[group]].distance(hash_position(group)) == 0
        borrowed_now = ranges[after[group]].distance(hash_position(group)) > 0
        assert before[group] == after[group] or not at_home or borrowed_now


def test_another_class_does_not_change_a_class() -> None:
    cats, dogs = dict.fromkeys(hashes(10), "cat"), dict.fromkeys(hashes(10, start=50), "dog")

    alone, together = borrow(cats), borrow(cats | dogs)

    assert {group: together[group] for group in cats} == alone


def test_a_group_of_two_labels_is_not_lent_but_counts_for_both() -> None:
    groups = [group for group in hashes(100) if find_split(group, RANGES) == "train"][:4]
    shared, *own = groups
    labels = {shared: {"cat", "dog"}, **{group: {"cat"} for group in own}}

    splits = borrow_groups(dict.fromkeys(groups, "train"), labels, RANGES)

    assert splits[shared] == "train"
    assert sorted(splits[group] for group in own) == ["test", "train", "validation"]


def test_what_its_source_put_into_the_test_split_is_not_lent() -> None:
    ranges = split_ranges(SHARES, ["test"])
    official = hashes(6)

    splits = borrow_groups(dict.fromkeys(official, "test"), {group: {"cat"} for group in official}, ranges)

    assert set(splits.values()) == {"test"}

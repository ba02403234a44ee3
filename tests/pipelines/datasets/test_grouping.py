import hashlib
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.grouping import Arrival, LeftOut, Place, group_arrivals
from pipelines.datasets.likenesses import Likeness
from pipelines.datasets.splits import Split, find_split, split_ranges
from pipelines.stage_params import SplitShares

SHARES = SplitShares(train=0.6, validation=0.2, test=0.2)
RANGES = split_ranges(SHARES)


def sha256(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def find_numbers(split: Split, count: int) -> list[int]:
    """Numbers whose hashes lie in a split."""
    return [number for number in range(500) if find_split(sha256(number), RANGES) == split][:count]


def group(
    numbers: Sequence[int], alike: dict[int, list[int]], *, same: bool = False, official: dict[int, Split] | None = None
) -> list[Place | LeftOut]:
    """`alike` and `official` go by place in the order of arrival."""
    held_out = official or {}
    arrivals = [Arrival(sha256(number), held_out.get(place)) for place, number in enumerate(numbers)]
    likenesses = [[Likeness(e, 0.1, same) for e in alike.get(place, [])] for place in range(len(numbers))]
    return group_arrivals(arrivals, likenesses, split_ranges(SHARES, set(held_out.values())))


def test_a_picture_like_no_other_founds_its_group() -> None:
    (test,) = find_numbers("test", 1)

    assert group([test], {}) == [Place(sha256(test), "test")]


def test_a_picture_joins_what_it_looks_like_whatever_its_own_hash() -> None:
    (test,), (train,) = find_numbers("test", 1), find_numbers("train", 1)

    assert group([train, test], {1: [0]}) == [Place(sha256(train), "train")] * 2


def test_a_picture_between_two_groups_of_one_split_makes_them_one() -> None:
    first, second, third = find_numbers("train", 3)

    places = group([first, second, third], {2: [0, 1]})

    assert places == [Place(sha256(first), "train")] * 3


def test_a_picture_between_two_splits_is_left_out_and_moves_none() -> None:
    (test,), (first, second) = find_numbers("test", 1), find_numbers("train", 2)

    places = group([first, test, second], {2: [1, 0]})

    assert places == [Place(sha256(first), "train"), Place(sha256(test), "test"), LeftOut(((1, "test"), (0, "train")))]


def test_what_looks_like_a_picture_that_was_left_out_may_still_be_used() -> None:
    (test,), (first, second, third) = find_numbers("test", 1), find_numbers("train", 3)

    places = group([first, test, second, third], {2: [1, 0], 3: [2]})

    assert places[3] == Place(sha256(third), "train")


def test_what_is_the_same_as_a_picture_that_was_left_out_is_left_out_too() -> None:
    (test,), (first, second, third) = find_numbers("test", 1), find_numbers("train", 3)

    places = group([first, test, second, third], {2: [1, 0], 3: [2]}, same=True)

    assert places[3] == places[2]
    assert isinstance(places[3], LeftOut)


def test_an_official_test_picture_stays_and_its_like_elsewhere_is_left_out() -> None:
    places = group([1, 2, 3], {2: [0]}, official={0: "test", 1: "test"})

    assert places[:2] == [Place(sha256(1), "test"), Place(sha256(2), "test")]
    assert places[2] == LeftOut(((0, "test"),))


def test_an_official_validation_picture_like_an_official_test_picture_is_left_out() -> None:
    places = group([1, 2, 3], {1: [0], 2: [1]}, official={0: "test", 1: "validation"})

    assert places[1] == LeftOut(((0, "test"),))
    assert isinstance(places[2], Place)


Graph = list[tuple[int, list[tuple[int, bool]]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Pictures, each with the earlier ones that it looks like."""
    numbers = draw(st.lists(st.integers(0, 10_000), max_size=25, unique=True))
    return [
        (
            number,
            draw(st.lists(st.tuples(st.integers(0, place - 1), st.booleans()), max_size=4, unique_by=lambda e: e[0]))
            if place
            else [],
        )
        for place, number in enumerate(numbers)
    ]


def group_graph(graph: Graph, official: int) -> list[Place | LeftOut]:
    """The first `official` pictures are an official test split."""
    arrivals = [
        Arrival(sha256(number), "test" if place < official else None) for place, (number, _) in enumerate(graph)
    ]
    likenesses = [[Likeness(earlier, 0.1, same) for earlier, same in alike] for _, alike in graph]
    return group_arrivals(arrivals, likenesses, split_ranges(SHARES, ["test"] if official else []))


@given(graphs(), st.integers(0, 25))
def test_adding_pictures_never_moves_others(graph: Graph, before: int) -> None:
    alone, together = group_graph(graph[:before], 0), group_graph(graph, 0)

    for then, now in zip(alone, together, strict=False):
        assert isinstance(then, Place) == isinstance(now, Place)
        if isinstance(then, Place) and isinstance(now, Place):
            assert then.split == now.split


@given(graphs(), st.integers(0, 6))
def test_no_pair_that_is_alike_straddles_a_split_or_a_group(graph: Graph, official: int) -> None:
    places = group_graph(graph, official)

    for number, (_, alike) in enumerate(graph):
        for earlier, _ in alike:
            one, other = places[number], places[earlier]
            assert isinstance(one, LeftOut) or isinstance(other, LeftOut) or one == other


@given(graphs(), st.integers(0, 6))
def test_an_official_split_is_kept_whole_and_gets_nothing_else(graph: Graph, official: int) -> None:
    places = group_graph(graph, official)

    given_by_source, others = places[:official], places[official:]
    assert all(isinstance(each, Place) and each.split == "test" for each in given_by_source)
    if official:
        assert not any(isinstance(each, Place) and each.split == "test" for each in others)


@given(graphs())
def test_a_group_is_named_after_a_picture_of_its_own(graph: Graph) -> None:
    places = group_graph(graph, 0)

    members = {sha256(number): place for (number, _), place in zip(graph, places, strict=True)}
    for place in places:
        if isinstance(place, Place):
            assert members[place.group] == place

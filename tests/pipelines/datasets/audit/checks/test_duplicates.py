from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.audit.checks.duplicates import (
    find_exact_duplicates,
    find_leaks,
    find_near_duplicates,
    find_two_labels,
    list_leaks,
)
from pipelines.datasets.manifest import CONTRADICTION, Rejected
from pipelines.datasets.near_duplicates import NearDuplicate
from tests.pipelines.datasets.audit.made import make_dataset, make_row, make_rows, pair


def test_copies_are_counted_and_the_first_of_each_set_is_not_a_copy() -> None:
    rows = [make_row(f"cat/{name}.jpg", sha256="a" * 64) for name in ("x", "y", "z")]
    dataset = make_dataset([*rows, make_row("cat/other.jpg")])

    evidence = find_exact_duplicates(dataset)

    assert evidence is not None
    assert evidence.count == 2
    assert evidence.files == ("cat/y.jpg", "cat/z.jpg")
    assert evidence.sets == (("cat/x.jpg", "cat/y.jpg", "cat/z.jpg"),)


def test_pictures_that_look_the_same_are_shown_as_sets() -> None:
    dataset = make_dataset(
        make_rows(cat=6),
        pairs=[
            pair("cat/cat0.jpg", "cat/cat1.jpg"),
            pair("cat/cat1.jpg", "cat/cat2.jpg"),
            pair("cat/cat4.jpg", "cat/cat5.jpg"),
        ],
    )

    evidence = find_near_duplicates(dataset)

    assert evidence is not None
    assert evidence.sets == (("cat/cat0.jpg", "cat/cat1.jpg", "cat/cat2.jpg"), ("cat/cat4.jpg", "cat/cat5.jpg"))
    assert evidence.count == 5


def test_a_pair_of_which_one_picture_was_left_out_is_no_finding() -> None:
    dataset = make_dataset(make_rows(cat=1), pairs=[pair("cat/cat0.jpg", "cat/left_out.jpg")])

    assert find_near_duplicates(dataset) is None
    assert find_leaks(dataset) is None


def test_a_look_under_two_labels_is_named_with_both() -> None:
    dataset = make_dataset(make_rows(cat=2, dog=2), pairs=[pair("cat/cat0.jpg", "dog/dog1.jpg")])

    evidence = find_two_labels(dataset)

    assert evidence is not None
    assert evidence.count == 2
    assert dict(zip(evidence.files, evidence.notes, strict=True)) == {
        "cat/cat0.jpg": "labelled cat",
        "dog/dog1.jpg": "labelled dog",
    }


def test_the_same_bytes_under_two_labels_are_named_though_they_are_left_out() -> None:
    reason = f"{CONTRADICTION} cat and dog."
    rejected = [Rejected("cat/a.jpg", reason), Rejected("dog/b.jpg", reason), Rejected("cat/c.jpg", "0 bytes")]

    evidence = find_two_labels(make_dataset(make_rows(cat=2, dog=2), rejected=rejected))

    assert evidence is not None
    assert evidence.files == ("cat/a.jpg", "dog/b.jpg")
    assert evidence.notes == (reason, reason)


def test_near_duplicates_of_one_label_are_no_contradiction() -> None:
    assert find_two_labels(make_dataset(make_rows(cat=2), pairs=[pair("cat/cat0.jpg", "cat/cat1.jpg")])) is None


def test_a_pair_in_two_splits_is_a_leak() -> None:
    rows = [make_row("cat/a.jpg"), make_row("cat/b.jpg", split="test"), make_row("cat/c.jpg")]
    dataset = make_dataset(rows, pairs=[pair("cat/a.jpg", "cat/b.jpg"), pair("cat/a.jpg", "cat/c.jpg")])

    evidence = find_leaks(dataset)

    assert evidence is not None
    assert evidence.count == 1
    assert dict(zip(evidence.files, evidence.notes, strict=True)) == {"cat/a.jpg": "train", "cat/b.jpg": "test"}


def test_the_same_bytes_in_two_splits_are_a_leak_even_where_no_pair_says_so() -> None:
    rows = [make_row("cat/a.jpg", sha256="a" * 64), make_row("cat/b.jpg", sha256="a" * 64, split="validation")]

    assert len(list_leaks(make_dataset(rows))) == 1


def test_a_group_in_two_splits_is_a_leak() -> None:
    rows = [make_row("cat/a.jpg", group="b" * 64), make_row("cat/b.jpg", group="b" * 64, split="test")]

    assert len(list_leaks(make_dataset(rows))) == 1


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda two: two[0] < two[1]), max_size=30))
def test_the_leaks_are_exactly_the_pairs_that_straddle(numbers: list[tuple[int, int]]) -> None:
    rows = [make_row(f"cat/{n:02}.jpg", split=("train", "validation", "test")[n % 3]) for n in range(20)]
    pairs = [NearDuplicate(rows[a].path, rows[b].path, 0.0) for a, b in numbers]

    leaks = list_leaks(make_dataset(rows, pairs=pairs))

    assert {(a.path, b.path) for a, b in leaks} == {(rows[a].path, rows[b].path) for a, b in numbers if a % 3 != b % 3}

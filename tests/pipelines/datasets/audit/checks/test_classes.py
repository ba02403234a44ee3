import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.audit.checks.classes import (
    are_similar,
    find_imbalance,
    find_similar_names,
    find_small_classes,
    list_similar_names,
)
from tests.pipelines.datasets.audit.made import make_dataset, make_rows

ALIKE = [
    ("Cat", "cat"),
    ("golden retriever", "golden_retriever"),
    ("golden retriever", "goldenretriever"),
    ("golden_retriever ", "golden_retriever"),
    ("Citroën", "citroen"),
    ("chihuahua", "chihauhua"),
    ("retriever", "retreiver"),
    ("Chevrolet_Camaro_2012", "Chevrolet_Camero_2012"),
    ("volkswagen", "volkswagn"),
    ("cat", "cats"),
    ("box", "boxes"),
    ("class-1", "Class_1"),
]
DIFFERENT = [
    ("bmw_m3", "bmw_m5"),
    ("audi_a4", "audi_s4"),
    ("model_1_1", "model_11"),
    ("2011", "2012"),
    ("Audi S4 Sedan 2007", "Audi S4 Sedan 2012"),
    ("cat", "dog"),
    ("cat", "car"),
    ("horse", "house"),
    ("monkey", "donkey"),
    ("lemon", "melon"),
    ("n02085620", "n02085621"),
    ("homer_simpson", "marge_simpson"),
    ("bart_simpson", "lisa_simpson"),
]


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_a_slip_of_the_pen_is_noticed(first: str, second: str) -> None:
    assert list_similar_names(sorted({first, second})) == [tuple(sorted((first, second)))]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_names_of_different_things_raise_no_alarm(first: str, second: str) -> None:
    assert list_similar_names(sorted({first, second})) == []


@given(st.lists(st.text(string.ascii_lowercase + "_1 ", min_size=1, max_size=9), max_size=12, unique=True))
def test_the_index_finds_what_comparing_all_with_all_finds(names: list[str]) -> None:
    names = sorted(names)
    expected = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :] if are_similar(a, b)]

    assert list_similar_names(names) == expected


def test_similar_names_are_both_named() -> None:
    evidence = find_similar_names(make_dataset(make_rows(chihuahua=3, chihuahau=3, poodle=3)))

    assert evidence is not None
    assert evidence.classes == ("chihuahau", "chihuahua")
    assert evidence.count == 1


def test_small_classes_are_named_smallest_first() -> None:
    evidence = find_small_classes(make_dataset(make_rows(cat=30, dog=5, fox=2), class_pictures=20))

    assert evidence is not None
    assert evidence.count == 2
    assert "fox (2), dog (5)" in evidence.message


def test_classes_of_enough_pictures_are_not_small() -> None:
    assert find_small_classes(make_dataset(make_rows(cat=30, dog=20), class_pictures=20)) is None


def test_an_imbalance_names_the_largest_class_and_the_small_ones() -> None:
    evidence = find_imbalance(make_dataset(make_rows(cat=60, dog=30, fox=5)))

    assert evidence is not None
    assert evidence.classes == ("fox",)
    assert "cat has 60 pictures" in evidence.message


def test_ten_times_as_many_is_still_balanced() -> None:
    assert find_imbalance(make_dataset(make_rows(cat=50, dog=5))) is None

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.checks import quality
from pipelines.datasets.audit.checks.quality import beyond, find_odd_aspect, find_tiny
from tests.pipelines.datasets.audit.made import ORDINARY, make_dataset, make_row, make_rows

STRIKING: dict[str, dict[str, Any]] = {
    "blurred": {"blur": 0.8},
    "dark": {"highlights": 0.1},
    "bright": {"shadows": 0.95},
    "low_information": {"entropy": 0.2},
}


def make_varied(count: int, **changes: Any) -> AuditedDataset:
    """Ordinary pictures that differ a little, of which the first is changed."""
    rng = np.random.default_rng(0)
    rows = make_rows(cat=count)
    measures = {
        row.path: replace(
            ORDINARY,
            blur=rng.normal(0.35, 0.05),
            highlights=rng.normal(0.9, 0.05),
            shadows=rng.normal(0.1, 0.03),
            entropy=rng.normal(5.3, 0.2),
        )
        for row in rows
    }
    measures[rows[0].path] = replace(ORDINARY, **changes)
    return make_dataset(rows, measures)


@pytest.mark.parametrize("check", STRIKING)
def test_the_one_striking_picture_is_found_and_no_other(check: str) -> None:
    dataset = make_varied(200, **STRIKING[check])

    evidence = getattr(quality, f"find_{check}")(dataset)

    assert evidence.files == ("cat/cat0.jpg",)
    assert evidence.notes[0]


@pytest.mark.parametrize("check", STRIKING)
def test_ordinary_pictures_make_no_finding(check: str) -> None:
    assert getattr(quality, f"find_{check}")(make_varied(200)) is None


@pytest.mark.parametrize("check", STRIKING)
def test_a_dataset_that_is_all_like_that_is_not_accused(check: str) -> None:
    """A camera at night sends dark pictures: they are no outliers among each other."""
    rng = np.random.default_rng(1)
    rows = make_rows(cat=50)
    name, value = next(iter(STRIKING[check].items()))
    measures = {row.path: replace(ORDINARY, **{name: value + rng.normal(0, 0.02)}) for row in rows}

    assert getattr(quality, f"find_{check}")(make_dataset(rows, measures)) is None


def test_with_no_deviations_the_bound_alone_counts() -> None:
    values = np.array([0.8, 0.81, 0.82, 0.83])

    assert beyond(values, 0.6, deviations=4).sum() == 0
    assert beyond(values, 0.6, deviations=0).sum() == 2, "the upper half"


def test_the_most_striking_picture_comes_first() -> None:
    rows = make_rows(cat=20)
    measures = {rows[3].path: replace(ORDINARY, blur=0.7), rows[7].path: replace(ORDINARY, blur=0.9)}

    evidence = quality.find_blurred(make_dataset(rows, measures))

    assert evidence is not None
    assert evidence.files == ("cat/cat7.jpg", "cat/cat3.jpg")
    assert evidence.notes == ("blur 0.90", "blur 0.70")


def test_tiny_pictures_are_found_by_their_shorter_side_even_if_all_are() -> None:
    rows = [make_row(f"cat/{n}.jpg", width=200, height=20 + n) for n in range(3)]

    evidence = find_tiny(make_dataset(rows))

    assert evidence is not None
    assert evidence.files == ("cat/0.jpg", "cat/1.jpg", "cat/2.jpg")
    assert evidence.notes[0] == "20 px"


@pytest.mark.parametrize(("width", "height"), [(1000, 100), (100, 1000)])
def test_a_picture_far_longer_than_the_others_is_odd_either_way(width: int, height: int) -> None:
    rows = [*make_rows(cat=20), make_row("cat/long.jpg", width=width, height=height)]

    evidence = find_odd_aspect(make_dataset(rows))

    assert evidence is not None
    assert evidence.files == ("cat/long.jpg",)
    assert evidence.notes == ("10.0:1",)


def test_a_dataset_without_pictures_has_no_findings() -> None:
    empty = make_dataset([])

    assert [getattr(quality, f"find_{check}")(empty) for check in STRIKING] == [None] * len(STRIKING)

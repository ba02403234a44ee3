from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.manifest import ManifestRow, write_manifest
from pipelines.datasets.measures import measure_picture, write_measures
from pipelines.evaluation.slices import Looks, measure_looks, measure_slices, read_looks


def make_looks(source: str = "") -> list[Looks]:
    """A hundred pictures, each a little brighter, more blurred and larger than the one before."""
    return [Looks(number / 100, number / 100, 100 + number, source) for number in range(100)]


def test_a_slice_is_the_fifth_that_is_worst_in_one_respect() -> None:
    right = np.arange(100) >= 10

    slices = {each.name: each for each in measure_slices(right, make_looks())}

    assert set(slices) == {"darkest fifth", "brightest fifth", "most blurred fifth", "smallest fifth"}
    assert slices["darkest fifth"].accuracy == slices["smallest fifth"].accuracy == 0.5
    assert slices["brightest fifth"].accuracy == slices["most blurred fifth"].accuracy == 1
    assert slices["darkest fifth"].low < 0.5 < slices["darkest fifth"].high


def test_sources_count_where_there_are_two() -> None:
    two = [*make_looks("phone")[:50], *make_looks("webcam")[50:]]

    slices = {each.name: each for each in measure_slices(np.arange(100) < 50, two)}

    assert (slices["source phone"].accuracy, slices["source webcam"].accuracy) == (1, 0)


def test_pictures_that_are_all_alike_have_no_hardest_fifth() -> None:
    assert measure_slices(np.ones(100, np.bool_), [Looks(0.5, 0.5, 100, "")] * 100) == ()


def test_prepared_and_loose_pictures_are_measured_alike(tmp_path: Path) -> None:
    images = [np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8) for seed in range(2)]
    paths = ["b/one.jpg", "a/two.jpg"]
    rows = [ManifestRow(path, "", "", path[0], "test", "", 60, 40, f"shop/{path}") for path in paths]
    write_manifest(tmp_path, rows)
    write_measures(tmp_path, paths, [measure_picture(image, 0) for image in images])

    prepared, loose = read_looks(tmp_path, paths), measure_looks(images)

    assert [each.source for each in prepared] == ["shop", "shop"]
    for ours, theirs in zip(prepared, loose, strict=True):
        assert ours.side == theirs.side
        assert (ours.brightness, ours.blur) == pytest.approx((theirs.brightness, theirs.blur))

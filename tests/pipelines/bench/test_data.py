from functools import partial
from pathlib import Path

import pytest

from pipelines.bench import data
from pipelines.bench.data import PAIRS, build_data_works, draw_folder
from pipelines.bench.works import compare_lanes, measure_works
from tests.costs import compare_cpu

PICTURES = 24


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_folder(tmp_path_factory.mktemp("home"), PICTURES)


def test_pictures_are_drawn_once(source: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in source.rglob("*.jpg")}

    assert draw_folder(source.parents[1], PICTURES) == source
    assert len(before) == PICTURES
    assert {file: file.stat().st_mtime_ns for file in source.rglob("*.jpg")} == before


@pytest.mark.integration  # DVC four times, TensorFlow once
def test_ours_and_the_plain_ways_bring_the_same_pictures(source: Path, tmp_path: Path) -> None:
    lanes = measure_works(build_data_works(source), tmp_path, 1, lambda _line: None, warm_up=False)

    assert {lane.name: lane.not_counted for lane in lanes if not lane.counts} == {}
    assert all(found and found.median > 0 for found in compare_lanes(lanes, PAIRS).values())


def test_reading_for_an_import_takes_little_more_than_pillow(source: Path, tmp_path: Path) -> None:
    ours, plain = (tmp_path / name for name in ("ours", "plain"))
    ours.mkdir()

    assert compare_cpu(partial(data._read_ours, source, ours), partial(data._copy_plainly, source, plain)) < 2


def test_preparing_takes_little_more_than_decoding_scaling_and_encoding(source: Path, tmp_path: Path) -> None:
    """With its audit and measures; the fixed part of an audit is large beside so few pictures."""
    data._lay_raw(source, tmp_path)
    files = [file.read_bytes() for file in sorted(source.rglob("*.jpg"))]

    assert compare_cpu(partial(data._prepare_ours, tmp_path), lambda: [data.scale_plainly(each) for each in files]) < 5

from pathlib import Path

import pytest

from pipelines.datasets.near_duplicates import NearDuplicate, read_near_duplicates, write_near_duplicates
from pipelines.errors import DatasetError

PAIRS = (NearDuplicate("cat/b.jpg", "dog/a.jpg", 0.25), NearDuplicate("cat/a.jpg", "cat/ñ b.jpg", 0.0))


def test_pairs_come_back_sorted(tmp_path: Path) -> None:
    write_near_duplicates(tmp_path, PAIRS)

    assert read_near_duplicates(tmp_path) == tuple(sorted(PAIRS))


def test_no_pairs_come_back_as_none(tmp_path: Path) -> None:
    write_near_duplicates(tmp_path, ())

    assert read_near_duplicates(tmp_path) == ()


def test_a_folder_that_was_never_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="dvc repro"):
        read_near_duplicates(tmp_path)

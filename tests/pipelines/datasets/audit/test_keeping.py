from pathlib import Path

import pytest

from pipelines.datasets.audit.keeping import keep, read_kept
from pipelines.errors import WorkspaceError


def test_what_was_kept_is_read_under_its_key_and_under_no_other(tmp_path: Path) -> None:
    keep(tmp_path / "deep" / "answer.json", "key", ["é", 1])

    assert read_kept(tmp_path / "deep" / "answer.json", "key") == ["é", 1]
    assert read_kept(tmp_path / "deep" / "answer.json", "other") is None


def test_nothing_kept_and_a_half_written_file_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"key": "key", "ans')

    assert read_kept(tmp_path / "half.json", "key") is None
    assert read_kept(tmp_path / "none.json", "key") is None


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "answer.json").mkdir()

    with pytest.raises(WorkspaceError, match=r"answer\.json"):
        keep(tmp_path / "answer.json", "key", 1)

    assert [path.name for path in tmp_path.iterdir()] == ["answer.json"]


def test_keeping_leaves_no_other_file(tmp_path: Path) -> None:
    keep(tmp_path / "answer.json", "a", 1)
    keep(tmp_path / "answer.json", "b", 2)

    assert [path.name for path in tmp_path.iterdir()] == ["answer.json"]
    assert read_kept(tmp_path / "answer.json", "b") == 2

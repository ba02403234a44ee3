import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from pipelines.datasets.staging import (
    check_free_space,
    clear_disk_errors,
    dataset_lock,
    recover_folder,
    replace_folder,
    staging_folder,
    whole_folder,
)
from pipelines.errors import WorkspaceError


def fill(folder: Path, word: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "word").write_text(word)
    return folder


def test_a_folder_is_replaced_when_the_block_ends_well(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cars", "old")

    with whole_folder(folder) as partial:
        fill(partial, "new")

    assert (folder / "word").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["cars"]


def test_a_folder_stays_when_the_block_fails(tmp_path: Path) -> None:
    folder = fill(tmp_path / "cars", "old")

    def interrupt() -> None:
        with whole_folder(folder) as partial:
            fill(partial, "new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()

    assert (folder / "word").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["cars"]


@pytest.mark.parametrize("had_one", [True, False])
def test_a_replacement_that_cannot_be_recorded_is_undone(tmp_path: Path, had_one: bool) -> None:
    folder = tmp_path / "cars"
    if had_one:
        fill(folder, "old")

    def refuse() -> None:
        assert (folder / "word").read_text() == "new"
        raise WorkspaceError("no")

    with pytest.raises(WorkspaceError), staging_folder(folder) as staged:
        replace_folder(folder, fill(staged, "new"), refuse)

    assert [path.name for path in tmp_path.iterdir()] == (["cars"] if had_one else [])
    assert not had_one or (folder / "word").read_text() == "old"


def test_after_a_kill_before_the_record_the_old_folder_comes_back(tmp_path: Path) -> None:
    record = tmp_path / "cars.dvc"
    record.write_text("old")
    os.utime(record, (1, 1))
    fill(tmp_path / "cars.old.partial", "old")
    folder = fill(tmp_path / "cars", "new")

    recover_folder(folder, record)

    assert (folder / "word").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cars", "cars.dvc"]


def test_after_a_kill_behind_the_record_the_new_folder_stays(tmp_path: Path) -> None:
    fill(tmp_path / "cars.old.partial", "old")
    folder = fill(tmp_path / "cars", "new")
    record = tmp_path / "cars.dvc"
    record.write_text("new")
    later = (tmp_path / "cars.old.partial").stat().st_ctime + 1
    os.utime(record, (later, later))

    recover_folder(folder, record)

    assert (folder / "word").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cars", "cars.dvc"]


def test_a_second_import_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    with dataset_lock(tmp_path), pytest.raises(WorkspaceError, match="another one is running"), dataset_lock(tmp_path):
        pass
    with dataset_lock(tmp_path):
        pass


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10, 9, 1_000_000))

    check_free_space(tmp_path / "not" / "yet", 999_999)
    with pytest.raises(WorkspaceError, match="Expected 5 MB free"):
        check_free_space(tmp_path / "not" / "yet", 5_000_000)


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "it is full"), (errno.EROFS, "Expected to write below")])
def test_errors_of_the_disk_become_one_line(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(WorkspaceError, match=words), clear_disk_errors(tmp_path):
        raise OSError(number, os.strerror(number), "file")

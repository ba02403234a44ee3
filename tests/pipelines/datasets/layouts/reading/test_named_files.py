import os
from pathlib import Path

import pytest

from pipelines.datasets.layouts.reading.named_files import NamedFiles
from pipelines.datasets.manifest import Rejected
from tests.pipelines.datasets.layouts.sources import put


@pytest.mark.parametrize("name", ["a/1.jpg", "./a/1.jpg", "a//1.jpg", "b/../a/1.jpg"])
def test_a_file_is_found_under_one_name_however_it_is_spelled(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a/1.jpg")

    assert NamedFiles(tmp_path, "list.txt").find(name) == "a/1.jpg"


def test_an_absolute_path_within_the_folder_is_found(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg")

    assert NamedFiles(tmp_path, "list.txt").find(str(tmp_path / "a" / "1.jpg")) == "a/1.jpg"


def test_a_folder_that_is_reached_by_a_link_is_a_folder_like_others(tmp_path: Path) -> None:
    put(tmp_path / "real", "a/1.jpg")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "2.jpg").symlink_to("a/1.jpg")

    files = NamedFiles(tmp_path / "link", "list.txt")

    assert files.find("a/1.jpg") == "a/1.jpg"
    assert files.find("2.jpg") == "2.jpg"


@pytest.mark.parametrize("name", ["gone.jpg", "a/1.jpg/2.jpg", "x\0y", "n" * 300, ""])
def test_what_is_not_there_is_rejected_with_the_name_of_the_list(tmp_path: Path, name: str) -> None:
    found = NamedFiles(put(tmp_path, "a/1.jpg"), "list.txt").find(name)

    assert isinstance(found, Rejected)
    assert found.reason.startswith("list.txt names it, but it ")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    found = NamedFiles(tmp_path, "list.txt").find("pipe.jpg")

    assert found == Rejected("pipe.jpg", "list.txt names it, but it is no ordinary file.")

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import ParamsError
from stream import watched_file
from stream.watched_file import WatchedFile


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "LOOK_SECONDS", 0.0)


def read_number(file: Path) -> int:
    try:
        return int(file.read_text()) if file.exists() else 0
    except ValueError:
        raise ParamsError("Expected a number.") from None


def write(file: Path, text: str) -> None:
    file.write_text(text)
    stamp = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(stamp, stamp))


def watch(file: Path, say: Callable[[str], object]) -> WatchedFile[int]:
    return WatchedFile(file, read_number, say)


def test_a_change_is_read(tmp_path: Path) -> None:
    file, said = tmp_path / "number", list[str]()
    watched = watch(file, said.append)
    assert watched.current() == 0

    write(file, "7")

    assert watched.current() == 7
    assert said == []


def test_what_is_written_while_the_file_is_read_at_first_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "number"

    def read_before_a_change(file: Path) -> int:
        write(file, "7")
        return 0

    assert WatchedFile(file, read_number, print, read_before_a_change).current() == 7


def test_a_wrong_change_is_said_once_and_ignored_until_it_is_mended(tmp_path: Path) -> None:
    file, said = tmp_path / "number", list[str]()
    write(file, "7")
    watched = watch(file, said.append)

    write(file, "seven")

    assert [watched.current(), watched.current()] == [7, 7]
    assert said == ["the change of number is ignored: Expected a number."]
    assert watched.error == "Expected a number."

    write(file, "8")

    assert watched.current() == 8
    assert watched.error is None


def test_a_file_is_not_looked_at_more_than_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "LOOK_SECONDS", 3600.0)
    watched = watch(tmp_path / "number", print)

    write(tmp_path / "number", "7")

    assert watched.current() == 0

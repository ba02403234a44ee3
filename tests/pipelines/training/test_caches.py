import os
from pathlib import Path

import pytest

from pipelines.training.caches import cache_entry, drop_oldest, is_done, mark_done


def fill(cache: Path, key: str, size: int, age: int) -> Path:
    with cache_entry(cache, key) as folder:
        (folder / "content").write_bytes(b"x" * size)
        mark_done(folder)
    os.utime(folder / "done", (1_000_000 - age, 1_000_000 - age))
    return folder


def test_an_entry_that_was_finished_is_there_again(tmp_path: Path) -> None:
    fill(tmp_path, "a", 3, age=0)

    with cache_entry(tmp_path, "a") as folder:
        assert is_done(folder)
        assert (folder / "content").read_bytes() == b"xxx"


def test_an_entry_that_was_broken_off_begins_anew(tmp_path: Path) -> None:
    def break_off() -> None:
        with cache_entry(tmp_path, "a") as folder:
            (folder / "content").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    with cache_entry(tmp_path, "a") as folder:
        assert not is_done(folder)
        assert list(folder.iterdir()) == []


def test_what_was_not_used_for_the_longest_makes_room(tmp_path: Path) -> None:
    old, newer, newest = (fill(tmp_path, key, 100, age) for key, age in (("a", 30), ("b", 20), ("c", 10)))

    drop_oldest(tmp_path, 250, keep=newest)

    assert not old.exists()
    assert newer.exists()
    assert newest.exists()


def test_the_entry_in_use_stays_though_it_alone_is_too_large(tmp_path: Path) -> None:
    large, small = fill(tmp_path, "a", 500, age=30), fill(tmp_path, "b", 10, age=10)

    drop_oldest(tmp_path, 250, keep=large)

    assert large.exists()
    assert not small.exists()

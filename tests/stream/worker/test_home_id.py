import shutil
from pathlib import Path

from stream.worker.home_id import load_home_id


def test_a_home_keeps_its_id(tmp_path: Path) -> None:
    assert load_home_id(tmp_path) == load_home_id(tmp_path)


def test_two_homes_have_two_ids_and_a_copy_has_a_third(tmp_path: Path) -> None:
    first, second = load_home_id(tmp_path / "first"), load_home_id(tmp_path / "second")
    shutil.copytree(tmp_path / "first", tmp_path / "copy")

    copied = load_home_id(tmp_path / "copy")

    assert len({first, second, copied}) == 3
    assert load_home_id(tmp_path / "copy") == copied
    assert load_home_id(tmp_path / "first") == first


def test_a_file_that_says_nothing_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "home-id").write_text("")

    assert load_home_id(tmp_path) == load_home_id(tmp_path)


def test_homes_of_one_path_on_hosts_of_one_name_differ_and_a_moved_home_stays_itself(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    first = load_home_id(path)
    path.rename(elsewhere)

    assert load_home_id(path) != first
    assert load_home_id(elsewhere) == first

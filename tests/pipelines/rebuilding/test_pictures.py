from pathlib import Path

import pytest

from pipelines.datasets.catalogue import CataloguePicture
from pipelines.datasets.objects import find_cache, hash_bytes, object_path
from pipelines.errors import DatasetError
from pipelines.lineage import read_code_version
from pipelines.rebuilding.pictures import bring_pictures
from pipelines.rebuilding.scratch import open_scratch
from pipelines.settings import Settings
from tests.pipelines.datasets.test_origins import record
from tests.pipelines.test_lineage import git

PICTURE = CataloguePicture("bmw/1.jpg", "ab" * 32, "holiday/1.jpg", "", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository that records one picture, which lies in the cache alone."""
    workspace = tmp_path / "workspace"
    (workspace / ".dvc").mkdir(parents=True)
    (workspace / "data" / "raw").mkdir(parents=True)
    git(workspace, "init")
    md5 = record(workspace, PICTURE)
    (workspace / "data" / "raw" / "cars.dvc").write_text(f"outs:\n- md5: {md5}\n  hash: md5\n  path: cars\n")
    (workspace / ".dvc" / "config").write_text("")
    git(workspace, "add", "data/raw/cars.dvc", ".dvc/config")
    git(workspace, "commit", "-m", md5)
    return workspace


def bring(workspace: Path, md5: str) -> bytes:
    settings = Settings(home=workspace.parent / "home")
    with open_scratch(workspace, read_code_version(workspace).commit) as scratch:
        bring_pictures(workspace, scratch, "cars", md5, settings)
        return (scratch.workspace / "data" / "raw" / "cars" / PICTURE.file).read_bytes()


def recorded(workspace: Path) -> str:
    return git(workspace, "log", "-1", "--format=%s").strip()


def test_the_pictures_come_out_of_the_users_cache(workspace: Path) -> None:
    assert bring(workspace, recorded(workspace)) == b"bytes of bmw/1.jpg"


def test_a_damaged_object_is_not_taken_and_stays_where_it_is(workspace: Path) -> None:
    held = object_path(find_cache(workspace), hash_bytes(b"bytes of bmw/1.jpg"))
    held.write_bytes(b"rubble")

    with pytest.raises(DatasetError, match=r"bmw/1\.jpg.*VIGIA_DATA_REMOTE"):
        bring(workspace, recorded(workspace))

    assert held.read_bytes() == b"rubble"


def test_a_version_that_is_gone_says_so(workspace: Path) -> None:
    md5 = recorded(workspace)
    object_path(find_cache(workspace), md5).unlink()

    with pytest.raises(DatasetError, match="the list of its files"):
        bring(workspace, md5)


@pytest.mark.integration
def test_what_the_cache_lost_comes_from_the_remote(workspace: Path) -> None:
    md5 = recorded(workspace)
    held = object_path(find_cache(workspace), hash_bytes(b"bytes of bmw/1.jpg"))
    remote = workspace.parent / "home" / "remote" / "files" / "md5"
    for name in (hash_bytes(b"bytes of bmw/1.jpg"), md5, _catalogue(workspace, md5)):
        target = object_path(remote, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(object_path(find_cache(workspace), name).read_bytes())
    held.unlink()

    assert bring(workspace, md5) == b"bytes of bmw/1.jpg"
    assert not held.exists()


def test_a_commit_that_leads_to_other_pictures_is_refused(workspace: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be rebuilt"):
        bring(workspace, f"{'0' * 32}.dir")


def _catalogue(workspace: Path, md5: str) -> str:
    from pipelines.datasets.objects import read_listing

    return next(each.md5 for each in read_listing(workspace, md5) or () if each.file == "pictures.csv")

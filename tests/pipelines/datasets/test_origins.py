import json
from pathlib import Path

import pytest

from pipelines.datasets.catalogue import CataloguePicture, write_pictures
from pipelines.datasets.manifest import ManifestRow, write_manifest
from pipelines.datasets.objects import find_cache, hash_bytes, object_path
from pipelines.datasets.origins import count_pictures, find_origins

RED, BLUE = "ab" * 32, "cd" * 32


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Nothing but a cache; `record` fills it."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data" / "prepared" / "cars").mkdir(parents=True)
    return tmp_path


def record(workspace: Path, *rows: CataloguePicture) -> str:
    """A dataset version of these pictures with its catalogue, in the cache alone; its md5."""
    raw = workspace / "elsewhere"
    raw.mkdir()
    write_pictures(raw, rows)
    contents = {"pictures.csv": (raw / "pictures.csv").read_bytes()}
    contents |= {row.file: f"bytes of {row.file}".encode() for row in rows}
    listing = json.dumps([{"md5": _keep(workspace, each), "relpath": name} for name, each in contents.items()]).encode()
    _keep(workspace, listing, suffix=".dir")
    return f"{hash_bytes(listing)}.dir"


def test_a_picture_leads_to_where_it_was_imported_from_in_its_own_version(workspace: Path) -> None:
    md5 = record(workspace, CataloguePicture("bmw/1.jpg", RED, "holiday/1.jpg", "", None))

    found = find_origins(workspace, "cars", md5, [RED, BLUE])

    assert set(found) == {RED}
    assert (found[RED].file, found[RED].label, found[RED].origin) == ("bmw/1.jpg", "bmw", "holiday/1.jpg")
    held = found[RED].object
    assert held is not None
    assert held.read_bytes() == b"bytes of bmw/1.jpg"
    assert md5 in found[RED].known_from
    assert count_pictures(workspace, md5) == 1


def test_where_the_version_has_no_record_what_is_prepared_answers(workspace: Path) -> None:
    row = ManifestRow("bmw/2.jpg", BLUE, "0" * 16, "bmw", "train", BLUE, 8, 8, "bmw/2.jpg")
    write_manifest(workspace / "data" / "prepared" / "cars", [row])

    found = find_origins(workspace, "cars", f"{'0' * 32}.dir", [BLUE])

    assert found[BLUE].file == "bmw/2.jpg"
    assert found[BLUE].object is None
    assert "manifest" in found[BLUE].known_from
    assert count_pictures(workspace, f"{'0' * 32}.dir") is None


def test_nothing_is_made_up_for_a_picture_that_no_record_knows(workspace: Path) -> None:
    assert find_origins(workspace, "cars", f"{'0' * 32}.dir", [RED]) == {}


def _keep(workspace: Path, content: bytes, suffix: str = "") -> str:
    md5 = hash_bytes(content)
    file = object_path(find_cache(workspace), f"{md5}{suffix}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return md5

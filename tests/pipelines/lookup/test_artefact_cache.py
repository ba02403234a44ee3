import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import digest_artefact
from pipelines.errors import ModelError
from pipelines.lookup.artefact_cache import KEPT, ArtefactCache, local_folder
from pipelines.lookup.facts import RegisteredVersion
from tests.pipelines.lookup.made import registered_version

REGISTRY = "https://models.example"
Made = tuple[RegisteredVersion, Path]


@pytest.fixture
def make(make_artefact: Any) -> Callable[..., Made]:
    """`make(1)`: a version far away, and what a download of it brings."""

    def build(version: int = 1, content: str | None = None) -> Made:
        artefact = make_artefact("cars", content or f"network {version}")
        return registered_version("cars", version, digest_artefact(artefact), "s3://models/cars"), artefact

    return build


class Fetcher:
    """Copies an artefact, and counts."""

    def __init__(self, artefact: Path) -> None:
        self.artefact = artefact
        self.calls = 0

    def __call__(self, version: RegisteredVersion, into: Path) -> Path:
        self.calls += 1
        return Path(shutil.copytree(self.artefact, into / "fetched"))


def test_a_version_is_fetched_once_and_checked_each_time(make: Callable[..., Made], tmp_path: Path) -> None:
    version, artefact = make()
    cache, fetch = ArtefactCache(tmp_path / "cache", REGISTRY), Fetcher(artefact)

    first = cache.open(version, fetch)
    second = cache.open(version, fetch)

    assert first == second == tmp_path / "cache" / version.sha256
    assert digest_artefact(second) == version.sha256
    assert fetch.calls == 1
    assert not list((tmp_path / "cache").glob(".partial-*"))


def test_a_kept_artefact_that_was_altered_is_fetched_again(make: Callable[..., Made], tmp_path: Path) -> None:
    version, artefact = make()
    cache, fetch = ArtefactCache(tmp_path / "cache", REGISTRY), Fetcher(artefact)
    (cache.open(version, fetch) / "serving" / "model.xml").write_text("tampered", encoding="utf-8")

    assert digest_artefact(cache.open(version, fetch)) == version.sha256
    assert fetch.calls == 2


def test_a_download_that_is_not_what_was_registered_is_refused_and_not_kept(
    make: Callable[..., Made], tmp_path: Path
) -> None:
    version, artefact = make()
    (artefact / "serving" / "model.xml").write_text("tampered", encoding="utf-8")
    cache = ArtefactCache(tmp_path / "cache", REGISTRY)

    with pytest.raises(ModelError, match="changed after registration"):
        cache.open(version, Fetcher(artefact))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_an_artefact_on_this_machine_is_used_where_it_is(
    make: Callable[..., Made], tmp_path: Path, prefix: str
) -> None:
    version, artefact = make()
    here = replace(version, location=f"{prefix}{artefact}")
    cache, fetch = ArtefactCache(tmp_path / "cache", REGISTRY), Fetcher(artefact)

    assert cache.open(here, fetch) == artefact
    assert fetch.calls == 0
    network = artefact / "serving" / "model.xml"
    network.write_bytes(bytes([network.read_bytes()[0] ^ 1]) + network.read_bytes()[1:])
    with pytest.raises(ModelError, match="changed after registration"):
        cache.open(here, fetch)
    shutil.rmtree(artefact)
    with pytest.raises(ModelError, match="the folder is gone"):
        cache.open(here, fetch)


def test_a_version_without_a_registered_digest_is_refused(make: Callable[..., Made], tmp_path: Path) -> None:
    version, artefact = make()

    with pytest.raises(ModelError, match=r"tag vigia\.sha256"):
        ArtefactCache(tmp_path, REGISTRY).open(replace(version, tags={}), Fetcher(artefact))


def test_what_was_fetched_is_known_by_registry_and_number(make: Callable[..., Made], tmp_path: Path) -> None:
    cache = ArtefactCache(tmp_path / "cache", REGISTRY)
    for number in (2, 1):
        version, artefact = make(number)
        cache.open(version, Fetcher(artefact))

    assert [each.version for each in cache.known("cars")] == [1, 2]
    assert cache.recall("cars", 2) == make(2)[0]
    assert cache.recall("cars", 3) is None
    assert ArtefactCache(tmp_path / "cache", "https://another.example").known("cars") == ()


def test_the_cache_does_not_grow_without_end(make: Callable[..., Made], tmp_path: Path) -> None:
    cache = ArtefactCache(tmp_path / "cache", REGISTRY)
    for number in range(1, KEPT + 3):
        version, artefact = make(number)
        cache.open(version, Fetcher(artefact))

    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == KEPT
    assert version in cache.known("cars")
    assert len(cache.known("cars")) == KEPT


def test_only_addresses_of_this_machine_are_folders() -> None:
    assert local_folder("file:///a/b%20c") == Path("/a/b c")
    assert local_folder("/a/b") == Path("/a/b")
    assert local_folder("s3://a/b") is None
    assert local_folder("file://elsewhere/a") is None
    assert local_folder("mlflow-artifacts:/1/models") is None

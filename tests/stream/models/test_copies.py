import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import ModelError, RegistryError
from pipelines.lookup.facts import RegisteredVersion
from stream.models.copies import Copies
from tests.stream.fakes import FakeRegistry, download_nothing


@pytest.fixture
def registry(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "registry.json")


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "copies")


def left_behind(copies: Copies) -> list[str]:
    return sorted(path.name for path in copies.folder.rglob("*"))


def test_a_copy_stays_whole_when_the_registered_files_are_altered_or_removed(
    copies: Copies, registry: FakeRegistry
) -> None:
    version = registry.version("cars", 1)
    copy = copies.make(version, download_nothing)
    shutil.rmtree(registry.artefact("cars", 1))

    assert (copy / "MLmodel").read_text() == "cars 1"
    assert copies.recall(version) == copy


def test_an_artefact_on_another_machine_is_downloaded(copies: Copies, registry: FakeRegistry) -> None:
    version = replace(registry.version("cars", 1), location="mlflow:")

    def download(_: RegisteredVersion, into: Path) -> Path:
        return Path(shutil.copytree(registry.artefact("cars", 1), into / "cars-1"))

    assert (copies.make(version, download) / "MLmodel").read_text() == "cars 1"


@pytest.mark.parametrize("fault", ["altered", "foreign file", "link", "gone", "no digest"])
def test_whatever_is_wrong_with_an_artefact_is_refused_and_leaves_nothing(
    copies: Copies, registry: FakeRegistry, fault: str, tmp_path: Path
) -> None:
    version = registry.version("cars", 1)
    artefact = registry.artefact("cars", 1)
    if fault == "altered":
        (artefact / "MLmodel").write_text("cars 2")
    elif fault == "foreign file":
        (artefact / "model.pkl").write_text("x")
    elif fault == "link":
        (artefact / "MLmodel").unlink()
        (tmp_path / "secret").write_text("cars 1")
        (artefact / "MLmodel").symlink_to(tmp_path / "secret")
    elif fault == "gone":
        shutil.rmtree(artefact)
    else:
        version = replace(version, tags={})

    with pytest.raises(ModelError):
        copies.make(version, download_nothing)

    assert left_behind(copies) in ([], ["cars"])


def test_a_registry_that_dies_in_the_midst_of_a_download_leaves_nothing(copies: Copies, registry: FakeRegistry) -> None:
    version = replace(registry.version("cars", 1), location="mlflow:")

    def download(_: RegisteredVersion, into: Path) -> Path:
        (into / "half").write_text("a")
        raise RegistryError("Expected MLflow to answer.")

    with pytest.raises(RegistryError):
        copies.make(version, download)

    assert left_behind(copies) == ["cars"]


def test_what_a_killed_process_left_half_copied_is_swept(copies: Copies) -> None:
    (copies.folder / "cars" / ".partial-x").mkdir(parents=True)
    (copies.folder / "cars" / "3").mkdir()

    copies.sweep()

    assert left_behind(copies) == ["3", "cars"]


def test_the_version_noted_last_is_told_and_a_note_that_was_cut_short_is_none(
    copies: Copies, registry: FakeRegistry
) -> None:
    for name, number in (("cars", 1), ("cars", 2), ("simpsons", 5)):
        version = registry.version(name, number)
        copies.make(version, download_nothing)
        copies.note(version)
    (copies.folder / "simpsons" / "served.json").write_text("{")

    assert copies.served_last() == (registry.version("cars", 2),)

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.shards import write_split
from pipelines.errors import ModelError, RegistryError
from pipelines.export.golden import choose_golden
from pipelines.golden import GoldenPictures
from pipelines.rebuilding.rebuilding import check_patch, check_rebuildable, choose_pictures
from tests.pipelines.export.test_golden import PICTURES
from tests.pipelines.test_ancestry import RUN, ancestry_of, tagged
from tests.place import Place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def test_a_version_with_commit_dataset_and_training_can_be_made_again(folder: Path) -> None:
    assert check_rebuildable(ancestry_of(folder, tagged(git_commit="c" * 40))) == "c" * 40


def test_an_imported_model_cannot_and_says_so(folder: Path) -> None:
    imported = ancestry_of(folder, tagged(git_commit="c" * 40), replace(RUN, params={}))

    with pytest.raises(ModelError, match=r"was imported from .*vigia models import"):
        check_rebuildable(imported)


def test_a_lower_precision_of_a_version_points_to_the_one_that_was_trained(folder: Path) -> None:
    version = tagged(git_commit="c" * 40)
    lowered = replace(version, tags={**version.tags, "vigia.made_from": "1"})

    with pytest.raises(ModelError, match=r"was made of version 1 in a lower precision.*vigia reproduce cars 1"):
        check_rebuildable(ancestry_of(folder, lowered))


def test_neither_can_one_whose_changes_were_not_kept(folder: Path) -> None:
    dirty = ancestry_of(folder, tagged(git_commit="c" * 40, git_dirty="true"))

    with pytest.raises(RegistryError, match="before Vigía kept one"):
        check_rebuildable(dirty)


def test_a_patch_that_was_altered_is_not_applied(folder: Path) -> None:
    found = ancestry_of(folder, tagged(git_commit="c" * 40, git_dirty="true"))
    found = replace(found, code=replace(found.code, patch_sha256=sha256(b"patch").hexdigest()))

    check_patch(found, b"patch")
    with pytest.raises(RegistryError, match="received another"):
        check_patch(found, b"patch\n")


def test_the_golden_pictures_of_the_artefact_are_asked_about_and_else_those_of_the_test_split(folder: Path) -> None:
    golden, prepared = folder / "serving" / "golden.npz", folder / "prepared"
    golden.parent.mkdir()
    prepared.mkdir()
    write_split(prepared, "test", PICTURES, len(PICTURES), 512)

    assert choose_pictures(folder, prepared) == ("test", {each.file: each.encoded for each in PICTURES})
    hard = choose_golden(PICTURES)
    GoldenPictures(hard, np.full((len(hard), 2), 0.5, np.float32)).save(golden)
    assert choose_pictures(folder, prepared) == ("golden", hard)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A workspace with one version of cars, trained from pictures and params that were never committed."""
    place = Place(tmp_path_factory.mktemp("rebuild"))
    place.commit()
    for words in (
        ("data", "sample", "cars", "--images", "60"),
        ("train", "cars", "--set", "train.epochs=1", "--set", "train.image_size=32"),
    ):
        done = place.run(*words)
        assert done.returncode == 0, done.stderr
    return place


@pytest.mark.integration
def test_a_version_made_again_on_this_machine_is_the_same_and_the_workspace_is_only_read(place: Place) -> None:
    before = _snapshot(place)

    done = place.run("reproduce", "cars", "1", "--json")

    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["same_metrics"]
    assert document["same_weights"]
    assert document["differences"] == []
    assert document["patched"]
    assert document["predictions"]["max_difference"] == 0
    assert (document["predictions"]["of"], document["predictions"]["pictures"]) == ("golden", 15)
    assert _snapshot(place) == before


def _snapshot(place: Place) -> dict[str, str]:
    """Every file of the workspace and its state, git and DVC included."""
    return {
        str(path): sha256(path.read_bytes()).hexdigest()
        for top in (place.workspace, place.state)
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".venv" not in path.parts
    }

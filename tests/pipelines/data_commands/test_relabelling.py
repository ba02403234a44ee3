import hashlib
import json

import pytest
from typer.testing import CliRunner

from pipelines.commands import app
from tests.pipelines.datasets.versioned import VersionedPets


@pytest.fixture
def review(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that calls one cat a dog."""
    monkeypatch.chdir(pets.workspace)
    sha256 = hashlib.sha256((pets.raw / "cat/cat0.jpg").read_bytes()).hexdigest()
    (pets.workspace / "review.csv").write_text(f"sha256,label,reason,path\n{sha256},dog,it barks,cat/cat0.jpg\n")
    return ["data", "relabel", "pets", "--from", "review.csv"]


def test_a_trial_run_names_the_picture(pets: VersionedPets, review: list[str]) -> None:
    answer = CliRunner().invoke(app, [*review, "--dry-run"])

    assert "would relabel dog/cat0.jpg, until now cat" in answer.stderr
    assert "nothing was changed" in answer.stderr
    assert (pets.raw / "cat/cat0.jpg").exists()


def test_the_document_says_what_was_done(pets: VersionedPets, review: list[str]) -> None:
    answer = CliRunner().invoke(app, [*review, "--commit", "--json"])

    document = json.loads(answer.stdout)
    assert (document["relabelled"], document["removed"], document["images"]) == (1, 0, 12)
    assert document["md5"] == pets.md5
    assert document["git_commit"]


def test_a_new_class_is_named(pets: VersionedPets, review: list[str]) -> None:
    table = pets.workspace / "review.csv"
    rows = [hashlib.sha256((pets.raw / f"cat/cat{number}.jpg").read_bytes()).hexdigest() for number in range(3)]
    table.write_text("sha256,label\n" + "".join(f"{sha256},lynx\n" for sha256 in rows))

    answer = CliRunner().invoke(app, [*review, "--allow-new-class"])

    assert "classes that are new: lynx" in answer.stderr

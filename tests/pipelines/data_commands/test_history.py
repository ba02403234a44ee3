import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.commands import app
from pipelines.data_commands.history import draw_counts
from tests.pipelines.datasets.versioned import VersionedPets


@pytest.fixture
def changed(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> VersionedPets:
    """Two commits: one picture came, one went, one changed its label."""
    monkeypatch.chdir(pets.workspace)
    pets.add("dog/new.jpg", 90)
    pets.remove("cat/cat0.jpg")
    pets.move("cat/cat1.jpg", "dog/cat1.jpg")
    pets.commit()
    return pets


def test_versions_are_a_list_with_the_contracted_keys(changed: VersionedPets) -> None:
    answer = CliRunner().invoke(app, ["data", "versions", "pets", "--json"])

    newest, oldest = json.loads(answer.stdout)
    assert newest.keys() == {
        "commit", "date", "images", "classes", "md5", "added", "removed", "relabelled", "message",
    }  # fmt: skip
    assert (newest["added"], newest["removed"], newest["relabelled"], newest["md5"]) == (1, 1, 1, changed.md5)
    assert oldest["date"].endswith("+00:00")


def test_versions_are_a_table_for_the_person(changed: VersionedPets) -> None:
    heading, newest, oldest = CliRunner().invoke(app, ["data", "versions", "pets"]).stdout.splitlines()

    assert heading.split() == ["commit", "date", "(UTC)", "pictures", "classes", "md5", "change", "message"]
    assert "+1 −1 ↔1 relabelled" in newest
    assert changed.md5[:8] in newest
    assert " +12 " in oldest


def test_what_nobody_knows_any_more_is_marked_and_explained(changed: VersionedPets) -> None:
    changed.forget_cache()

    answer = CliRunner().invoke(app, ["data", "versions", "pets"])

    assert answer.stdout.splitlines()[1].split()[3:5] == ["?", "?"]
    assert "neither in the DVC cache nor in the remote" in answer.stderr


def test_a_difference_names_the_pictures_of_each_kind(changed: VersionedPets) -> None:
    answer = CliRunner().invoke(app, ["data", "diff", "pets", "HEAD~1", "HEAD", "--json"])

    document = json.loads(answer.stdout)
    assert (document["added"], document["removed"]) == (["dog/new.jpg"], ["cat/cat0.jpg"])
    assert document["relabelled"] == [{"before": "cat/cat1.jpg", "after": "dog/cat1.jpg"}]
    assert [(each["label"], each["before"], each["after"]) for each in document["classes"]] == [
        ("cat", 6, 4),
        ("dog", 6, 8),
    ]
    assert document["page"] is None


def test_a_difference_is_told_and_drawn(changed: VersionedPets, tmp_path: Path) -> None:
    page = tmp_path / "diff.html"

    answer = CliRunner().invoke(app, ["data", "diff", "pets", "HEAD~1", "workspace", "--html", str(page)])

    assert "relabelled cat/cat1.jpg → dog/cat1.jpg" in answer.stdout
    assert "data:image/jpeg" in page.read_text(encoding="utf-8")


def test_two_equal_versions_are_told_as_such(changed: VersionedPets) -> None:
    answer = CliRunner().invoke(app, ["data", "diff", "pets", "HEAD", "workspace"])

    assert answer.stdout.splitlines()[-1] == "the same pictures under the same labels"


def test_counts_are_short() -> None:
    assert draw_counts(1200, 3, 0) == "+1,200 −3"
    assert draw_counts(0, 0, 0) == "="
    assert draw_counts(None, None, None) == "?"

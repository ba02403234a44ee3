import json

import pytest
from typer.testing import CliRunner

from pipelines.commands import app
from tests.pipelines.datasets.versioned import VersionedPets


@pytest.fixture
def quiet_remote(pets: VersionedPets, monkeypatch: pytest.MonkeyPatch) -> VersionedPets:
    """A remote to which everything seems to go."""
    monkeypatch.chdir(pets.workspace)
    for module in ("keeping", "remotes"):
        monkeypatch.setattr(f"pipelines.datasets.{module}.run_dvc", lambda *arguments, **options: None)
    return pets


def test_a_push_says_where_the_version_is_kept(quiet_remote: VersionedPets) -> None:
    document = json.loads(CliRunner().invoke(app, ["data", "push", "pets", "--json"]).stdout)

    assert document["md5"] == quiet_remote.md5
    assert document["files"] == 13
    assert document["remote"].endswith("remote")


def test_a_pull_of_what_is_here_says_so(quiet_remote: VersionedPets) -> None:
    answer = CliRunner().invoke(app, ["data", "pull", "pets"])

    assert answer.stdout == ""
    assert answer.stderr.endswith("13 files, all here already\n")

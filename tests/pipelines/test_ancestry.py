from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ancestry import Ancestry, read_ancestry
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from tests.pipelines.test_lineage import git

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
MD5 = f"{'1' * 32}.dir"
RUN = RunFacts(
    run_id="r1",
    name="cars-1",
    experiment_id="7",
    status="FINISHED",
    started_at=NOON,
    ended_at=NOON,
    params={"plan.seed": "7", "plan.architecture": "compact_cnn", "plan.weights": "none"},
    metrics={"accuracy": 0.9, "pictures": 40.0},
    tags={"vigia.lock.sha256": "9" * 64, "vigia.python": "3.11.9", "vigia.libraries": '{"keras": "3.15.0"}'},
)
VERSION = RegisteredVersion(
    classifier="cars",
    version=2,
    run_id="r1",
    tags={"vigia.dataset.md5": MD5, "vigia.dataset.path": "data/raw/cars", "vigia.git.dirty": "false"},
    aliases=("production",),
    created_at=NOON,
    location="/artefacts",
)


class FakeRegistry:
    """One version of cars and its run."""

    def __init__(self, version: RegisteredVersion = VERSION, run: RunFacts = RUN) -> None:
        self._version, self._run = version, run

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        return self.version(classifier, self._version.version) if alias in self._version.aliases else None

    def version(self, classifier: str, version: int) -> RegisteredVersion | None:
        return self._version if (classifier, version) == (self._version.classifier, self._version.version) else None

    def versions(self, classifier: str) -> tuple[int, ...]:
        return (self._version.version,) if classifier == self._version.classifier else ()

    def classifiers(self) -> tuple[str, ...]:
        return (self._version.classifier,)

    def run(self, run_id: str) -> RunFacts | None:
        return self._run


def tagged(**tags: str) -> RegisteredVersion:
    return replace(VERSION, tags={**VERSION.tags, **{f"vigia.{key.replace('_', '.')}": tags[key] for key in tags}})


def ancestry_of(workspace: Path, version: RegisteredVersion = VERSION, run: RunFacts = RUN) -> Ancestry:
    return read_ancestry(FakeRegistry(version, run), workspace, "cars", 2)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository whose second commit records the dataset, and whose third goes on with it."""
    git(tmp_path, "init")
    pointer = tmp_path / "data" / "raw" / "cars.dvc"
    pointer.parent.mkdir(parents=True)
    (tmp_path / ".dvc").mkdir()
    for text in ("nothing yet", f"md5: {MD5}", f"md5: {MD5} # again"):
        pointer.write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", text)
    return tmp_path


def test_a_version_leads_to_its_commit_and_to_the_one_that_recorded_its_pictures(workspace: Path) -> None:
    third, second, _ = git(workspace, "log", "--format=%H").split()

    found = ancestry_of(workspace, tagged(git_commit=third))

    assert (found.code.commit, found.code.in_repository, found.code.dirty) == (third, True, False)
    assert found.code.subject == f"md5: {MD5} # again"
    assert (found.dataset.commit, found.dataset.md5, found.dataset.pictures) == (second, MD5, None)


def test_what_was_recorded_with_the_version_needs_neither_git_nor_a_cache(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()

    found = ancestry_of(tmp_path, tagged(git_commit="c" * 40, dataset_commit="d" * 40, dataset_pictures="40"))

    assert (found.dataset.commit, found.dataset.pictures) == ("d" * 40, 40)
    assert not found.code.in_repository
    assert found.code.subject is None
    assert (found.environment.lock_sha256, found.environment.libraries) == ("9" * 64, {"keras": "3.15.0"})


def test_a_run_from_before_the_environment_was_recorded_says_nothing_of_it(workspace: Path) -> None:
    found = ancestry_of(workspace, run=replace(RUN, tags={}))

    assert found.environment.lock_sha256 is None
    assert found.environment.libraries == {}

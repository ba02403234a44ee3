"""From a model version back to its run, its code and its pictures, by what the registry, git and DVC recorded."""

import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.git import git_succeeds, run_git
from pipelines.datasets.origins import count_pictures
from pipelines.datasets.versions import pointer_path
from pipelines.lookup.facts import Lookup, RegisteredVersion, RunFacts
from pipelines.lookup.finding import find_run, find_version


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The code that a version was made with."""

    commit: str | None
    dirty: bool
    """Tracked files differed from the commit."""
    patch_sha256: str | None
    """Of the run's artefact `lineage/worktree.patch`, which holds the difference; None for none."""
    in_repository: bool
    """This clone has the commit."""
    committed_at: str | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The pictures that a version was made with."""

    path: str | None
    md5: str | None
    commit: str | None
    """The first commit that recorded this version; None while it is only in the patch, or git does not say."""
    pictures: int | None


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What the training ran on."""

    lock_sha256: str | None
    """Of requirements.lock."""
    python: str | None
    processor: str | None
    libraries: dict[str, str]
    weights_sha256: str | None
    """Of the file of pretrained weights; None where there was none."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Everything behind a model version."""

    model: RegisteredVersion
    run: RunFacts
    environment: EnvironmentFacts
    code: CodeFacts
    dataset: DatasetFacts


def read_ancestry(lookup: Lookup, workspace: Path, classifier: str, version: int) -> Ancestry:
    """Raises RegistryError when the registry is away or knows no such version."""
    model = find_version(lookup, classifier, version)
    run = find_run(lookup, model.run_id)
    return Ancestry(model, run, _read_environment(run), _read_code(model, workspace), _read_dataset(model, workspace))


def _read_environment(run: RunFacts) -> EnvironmentFacts:
    return EnvironmentFacts(
        lock_sha256=run.tags.get("vigia.lock.sha256"),
        python=run.tags.get("vigia.python"),
        processor=run.tags.get("vigia.processor"),
        libraries=json.loads(run.tags.get("vigia.libraries", "{}")),
        weights_sha256=run.tags.get("vigia.weights.sha256"),
    )


def _read_code(model: RegisteredVersion, workspace: Path) -> CodeFacts:
    commit = model.tags.get("vigia.git.commit")
    named = f"{commit}^{{commit}}"
    there = bool(commit) and git_succeeds(workspace, "cat-file", "-e", named)
    date, subject = run_git(workspace, "log", "-1", "--format=%cI%x00%s", named).split("\0") if there else (None, None)
    return CodeFacts(
        commit=commit,
        dirty=model.tags.get("vigia.git.dirty") == "true",
        patch_sha256=model.tags.get("vigia.git.patch_sha256"),
        in_repository=there,
        committed_at=date,
        subject=subject,
    )


def _read_dataset(model: RegisteredVersion, workspace: Path) -> DatasetFacts:
    md5 = model.tags.get("vigia.dataset.md5")
    commit, pictures = model.tags.get("vigia.dataset.commit"), model.tags.get("vigia.dataset.pictures")
    return DatasetFacts(
        path=model.tags.get("vigia.dataset.path"),
        md5=md5,
        commit=commit or (find_recording_commit(workspace, model.classifier, md5) if md5 else None),
        pictures=int(pictures) if pictures else (count_pictures(workspace, md5) if md5 else None),
    )


def find_recording_commit(workspace: Path, classifier: str, md5: str) -> str | None:
    """The first commit of this clone whose record of the dataset names this hash."""
    if not git_succeeds(workspace, "rev-parse", "--verify", "--quiet", "HEAD"):
        return None
    found = run_git(workspace, "log", "--all", "--format=%H", f"-S{md5}", "--", pointer_path(classifier)).splitlines()
    return found[-1] if found else None

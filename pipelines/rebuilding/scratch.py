"""A scratch workspace at a commit. It reads the user's repository and cache, and writes nothing there.

It is a shared clone, not a worktree: git would write a worktree down in the user's repository, and one that was killed
would have to be pruned by hand.
"""

import configparser
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.git import git_succeeds, run_git
from pipelines.errors import WorkspaceError
from pipelines.settings import Settings

OF_THE_PLACE: Final = (
    "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "PREFECT_API_URL",
    "VIGIA_DATABASE_URL", "VIGIA_KAFKA_BOOTSTRAP", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
)  # fmt: skip
"""Variables through which a stage would reach the user's services or repository."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where a version is made again."""

    folder: Path
    workspace: Path
    """Below it, with the code of the version."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def registered(self) -> Path:
        """For the registered artefact, which the rebuilt one is compared with."""
        return self.folder / "registered"

    def registered_artefact(self, classifier: str, version: int) -> Path:
        """Where `Registry.download` puts it."""
        return self.registered / f"{classifier}-{version}"

    def environment(self, settings: Settings) -> Mapping[str, str]:
        """For the stages: a state folder of their own, the user's weights."""
        ours = {
            "VIGIA_HOME": str(self.home),
            "VIGIA_PORTS": "auto",
            "DVC_SITE_CACHE_DIR": str(self.folder / "dvc"),
            "DVC_NO_ANALYTICS": "1",
        }
        if settings.weights_dir:
            ours["VIGIA_WEIGHTS_DIR"] = str(settings.weights_dir.absolute())
        return {name: value for name, value in os.environ.items() if name not in OF_THE_PLACE} | ours


@contextmanager
def open_scratch(workspace: Path, commit: str, *, keep: bool = False) -> Iterator[Scratch]:
    """The commit, checked out in a temporary folder; removed at the end, however it comes, unless `keep`.

    Raises WorkspaceError when the repository no longer has the commit.
    """
    if not git_succeeds(workspace, "cat-file", "-e", f"{commit}^{{commit}}"):
        raise WorkspaceError(
            f"Expected commit {commit} in the repository of {workspace}, it is no longer there. "
            "Run `git fetch --all`, or fetch it from a clone that has it."
        )
    folder = Path(tempfile.mkdtemp(prefix="vigia-reproduce-"))
    try:
        with _ending_on_sigterm():
            yield _clone(workspace, commit, folder)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def apply_patch(scratch: Scratch, patch: bytes) -> None:
    """What was not committed when the version was made."""
    file = scratch.folder / "worktree.patch"
    file.write_bytes(patch)
    top = run_git(scratch.workspace, "rev-parse", "--show-toplevel")
    run_git(Path(top), "apply", "--whitespace=nowarn", str(file))


def _clone(workspace: Path, commit: str, folder: Path) -> Scratch:
    top, prefix = run_git(workspace, "rev-parse", "--show-toplevel"), run_git(workspace, "rev-parse", "--show-prefix")
    clone = folder / "repository"
    run_git(folder, "clone", "--quiet", "--shared", "--no-checkout", top, str(clone))
    run_git(clone, "-c", "core.hooksPath=/dev/null", "checkout", "--quiet", "--detach", commit)
    scratch = Scratch(folder, clone / prefix if prefix else clone)
    link = scratch.workspace / ".venv"  # dvc.yaml looks for the environment here first
    if not link.exists():
        link.symlink_to(sys.prefix)
    _configure_dvc(workspace, scratch)
    return scratch


def _configure_dvc(workspace: Path, scratch: Scratch) -> None:
    """The user's remotes, but a cache of its own."""
    local = configparser.RawConfigParser()
    local.read(workspace / ".dvc" / "config.local", encoding="utf-8")
    if not local.has_section("cache"):
        local.add_section("cache")
    local.set("cache", "dir", str(scratch.folder / "cache"))
    folder = scratch.workspace / ".dvc"
    folder.mkdir(exist_ok=True)
    with (folder / "config.local").open("w", encoding="utf-8") as stream:
        local.write(stream)


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """A SIGTERM cleans up like Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: whoever runs this one ends it
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""What datasets ask of git."""

import subprocess
from pathlib import Path

from pipelines.errors import WorkspaceError


def check_repository(workspace: Path) -> None:
    """Raises WorkspaceError when the workspace is in no git repository."""
    if not git_succeeds(workspace, "rev-parse", "--is-inside-work-tree"):
        raise WorkspaceError(
            f"Expected a git repository in {workspace}, found none: a dataset version is a commit. "
            "Run `git init` there, or clone the project with git."
        )


def run_git(workspace: Path, *arguments: str) -> str:
    """What git printed, stripped. Raises WorkspaceError with git's own words."""
    done = _git(workspace, arguments)
    if done.returncode != 0:
        words = " ".join((done.stderr or done.stdout).split())
        raise WorkspaceError(f"Expected `git {arguments[0]}` to succeed in {workspace}, git said: {words[:400]}")
    return done.stdout.strip()


def git_succeeds(workspace: Path, *arguments: str) -> bool:
    """Whether git answers with 0."""
    return _git(workspace, arguments).returncode == 0


def _git(workspace: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(workspace), *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise WorkspaceError("Expected the command `git`, found none. Install git and run again.") from None

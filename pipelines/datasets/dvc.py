"""What datasets ask of DVC, as a process: its own interpreter state, analytics off."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from pipelines.errors import DatasetError, WorkspaceError

FILL_CACHE_ANEW: Final = "If .dvc/cache is damaged, move it away and run again: it is filled anew from data/raw."


def check_dvc(workspace: Path) -> None:
    """Raises WorkspaceError when the workspace was never set up for DVC."""
    if not (workspace / ".dvc").is_dir():
        raise WorkspaceError(f"Expected the folder .dvc in {workspace}, found none. Run `dvc init` there.")


def run_dvc(workspace: Path, *arguments: str, mend: str = FILL_CACHE_ANEW) -> None:
    """Raises WorkspaceError or DatasetError with DVC's own words, and with `mend` where it is not plain what to do."""
    done = _dvc(workspace, arguments)
    if done.returncode == 0:
        return
    lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    words = "; ".join(lines) or " ".join(done.stderr.split())[-400:]
    if "No space left" in words:
        raise WorkspaceError(f"Expected room on the disk of {workspace}, it is full. Free some space and run again.")
    if "lock" in words.lower():
        raise WorkspaceError(
            f"Expected no other DVC process in {workspace}, dvc said: {words} Wait for it and run again."
        )
    raise DatasetError(f"Expected `dvc {' '.join(arguments)}` to succeed, dvc said: {words.rstrip('.')}. {mend}")


def dvc_succeeds(workspace: Path, *arguments: str) -> bool:
    """Whether DVC answers with 0."""
    return _dvc(workspace, arguments).returncode == 0


def _dvc(workspace: Path, arguments: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=workspace,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

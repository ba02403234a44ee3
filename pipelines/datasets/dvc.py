"""What datasets ask of DVC, as a process: its own interpreter state, analytics off."""

import os
import subprocess
import sys
from pathlib import Path

from pipelines.errors import DatasetError, WorkspaceError


def check_dvc(workspace: Path) -> None:
    """Raises WorkspaceError when the workspace was never set up for DVC."""
    if not (workspace / ".dvc").is_dir():
        raise WorkspaceError(f"Expected the folder .dvc in {workspace}, found none. Run `dvc init` there.")


def run_dvc(workspace: Path, *arguments: str) -> None:
    """Raises WorkspaceError or DatasetError with DVC's own words."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=workspace,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
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
    raise DatasetError(
        f"Expected `dvc {' '.join(arguments)}` to succeed, dvc said: {words}. "
        "If .dvc/cache is damaged, move it away and run again: it is filled anew from data/raw."
    )

"""The clone as tests of its structure see it: the files that belong to the project."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("pipelines", "flows", "stream", "dashboard", "deploy")


@cache
def _list_once() -> tuple[str, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return tuple(sorted({name for name in listed if (ROOT / name).is_file()}))


def list_files() -> tuple[str, ...]:
    """Tracked files and those that git would take, relative to the root; not what has gone since it was listed."""
    return tuple(name for name in _list_once() if (ROOT / name).is_file())


def list_modules() -> tuple[str, ...]:
    """Python files of the project's own folders."""
    return tuple(name for name in list_files() if name.endswith(".py") and name.split("/")[0] in FOLDERS)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")

"""Small answers below `<VIGIA_HOME>/cache/audit`, so that a second audit of the same pictures takes no time."""

import json
import os
from pathlib import Path
from typing import Any

from pipelines.errors import WorkspaceError


def read_kept(file: Path, key: str) -> Any:
    """What was kept under this key, or None: also for another key, and for a file that is no longer whole."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return document["answer"] if document["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, key: str, answer: Any) -> None:
    """Keep a JSON answer, whole or not at all; the answer to another key is forgotten."""
    write_whole(file, json.dumps({"key": key, "answer": answer}))


def write_whole(file: Path, text: str) -> None:
    """Write a file that another process never sees half of. Raises WorkspaceError when it cannot be written."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"Expected to write {file}: {error.strerror or error}. Make room there, or name another place."
        ) from error

"""Whether `dvc repro prepare@C` could find anything to do, asked without DVC, which takes two seconds to say no."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

STATE_FILES: Final = ("params.yaml", "dvc.yaml", "dvc.lock")


def fingerprint_stage(workspace: Path, classifier: str) -> str:
    """A hash of all that the stage reads and has written: contents of a few files, size and time of the others.

    The same fingerprint as right after a successful run: nothing to do. Another one says nothing, DVC decides.
    """
    digest = hashlib.sha256()
    for name in STATE_FILES:
        file = workspace / name
        digest.update(f"{name}\n".encode() + (file.read_bytes() if file.exists() else b"none"))
    for folder, suffix in (
        (workspace / "pipelines", ".py"),
        (workspace / "data" / "raw" / classifier, ""),
        (workspace / "data" / "prepared" / classifier, ""),
    ):
        for line in sorted(_describe_files(folder, suffix)):
            digest.update(line)
    return digest.hexdigest()


def _describe_files(folder: Path, suffix: str) -> Iterator[bytes]:
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                path = os.path.join(parent, name)
                status = os.lstat(path)
                yield f"{path} {status.st_size} {status.st_mtime_ns}\n".encode(errors="surrogateescape")

"""A worker's own copies of artefacts: nobody else writes there, so what was verified is what is served."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.artefact import verify_artefact
from pipelines.errors import ModelError
from pipelines.lookup.artefact_cache import local_folder, require_digest, require_folder
from pipelines.lookup.facts import RegisteredVersion, describe_version, parse_version

PARTIAL: Final = ".partial-"
PIECE_BYTES: Final = 256 * 1024

Download = Callable[[RegisteredVersion, Path], Path]
"""Fetches a version's artefact from another machine, somewhere below a folder, and says where."""


@dataclass(frozen=True, slots=True)
class Copies:
    """`<classifier>/<version>/` below the worker's folder, and beside each a note that says what the registry said."""

    folder: Path

    def place(self, version: RegisteredVersion) -> Path:
        """Where its copy lies, when there is one."""
        return self.folder / version.classifier / str(version.version)

    def sweep(self) -> None:
        """Remove what a process that was killed left half copied. Call it before the first copy."""
        for partial in self.folder.glob(f"*/{PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)

    def make(self, version: RegisteredVersion, download: Download) -> Path:
        """The verified copy's folder.

        Raises ModelError for files that are gone, that are no part of an artefact or differ from those registered;
        nothing is left behind then.
        """
        require_digest(version)
        shelf = self.folder / version.classifier
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shelf, prefix=PARTIAL) as partial:
            copied = _copy(version, Path(partial), download)
            verify_artefact(copied, version.sha256)
            kept = shelf / str(version.version)
            shutil.rmtree(kept, ignore_errors=True)
            os.rename(copied, kept)
        return kept

    def remove(self, version: RegisteredVersion) -> None:
        """Of a version that is not to be served."""
        shutil.rmtree(self.folder / version.classifier / str(version.version), ignore_errors=True)

    def note(self, version: RegisteredVersion) -> None:
        """Remember that this version was served, for a start without the registry."""
        shelf = self.folder / version.classifier
        partial = shelf / f"{PARTIAL}note"
        partial.write_text(json.dumps(describe_version(version)), encoding="utf-8")
        os.replace(partial, shelf / "served.json")

    def served_last(self) -> tuple[RegisteredVersion, ...]:
        """Of each classifier the version that was noted last."""
        found = []
        for note in sorted(self.folder.glob("*/served.json")):
            try:
                found.append(parse_version(json.loads(note.read_text(encoding="utf-8"))))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # cut short by a full disk: the registry will say it again
        return tuple(found)

    def recall(self, version: RegisteredVersion) -> Path:
        """The copy of a version that was served before, verified now. Raises ModelError."""
        kept = self.place(version)
        if not kept.is_dir():
            raise ModelError(
                f"Expected the copy of {version.classifier} version {version.version} in {kept}, found none. "
                "Start MLflow, or correct MLFLOW_TRACKING_URI."
            )
        verify_artefact(kept, version.sha256)
        return kept

    def forget_all_but(self, classifier: str, versions: frozenset[int]) -> None:
        """Remove the copies of other versions; those that a network is still read from stay readable to it."""
        names = {str(version) for version in versions}
        for folder in (self.folder / classifier).iterdir():
            if folder.is_dir() and folder.name not in names and not folder.name.startswith(PARTIAL):
                shutil.rmtree(folder, ignore_errors=True)


def _copy(version: RegisteredVersion, partial: Path, download: Download) -> Path:
    here = local_folder(version.location)
    if here is None:
        return download(version, partial)
    require_folder(here, version)
    # links as links: the allow-list refuses them, and nothing outside the artefact is read
    return Path(shutil.copytree(here, partial / "artefact", symlinks=True, copy_function=_copy_gently))


def _copy_gently(source: str, target: str) -> None:
    """Each piece goes to the disk before the next: else the store's next commit waits for all of them at once."""
    if not os.path.isfile(source):
        raise ModelError(f"Expected only files and folders in a model artefact, found {source}. Register it again.")
    with open(source, "rb") as old, open(target, "wb", buffering=0) as new:
        while piece := old.read(PIECE_BYTES):
            new.write(piece)
            os.fsync(new.fileno())

"""Where a version's artefact lies on this machine, its files hashed before each use.

What lies on this machine already is used where it is. The rest is fetched once into `cache/artefacts/<sha256>` below
the home; the folder may be deleted at any time.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pipelines.artefact import verify_artefact
from pipelines.errors import ModelError
from pipelines.lookup.facts import RegisteredVersion, describe_version, parse_version

KEPT: Final = 12
"""Artefacts in the cache; beyond that the one that was longest not used goes."""

Fetch = Callable[[RegisteredVersion, Path], Path]
"""Downloads a version's artefact somewhere below a folder and says where."""


@dataclass(frozen=True, slots=True)
class ArtefactCache:
    """Of one registry, by its address."""

    folder: Path
    registry: str

    def open(self, version: RegisteredVersion, fetch: Fetch) -> Path:
        """The artefact's folder, verified now.

        Raises ModelError for files that are gone, that differ from those registered, or without a registered digest.
        """
        require_digest(version)
        here = local_folder(version.location)
        if here is not None:
            require_folder(here, version)
            verify_artefact(here, version.sha256)
            return here
        kept = self.folder / version.sha256
        try:
            verify_artefact(kept, version.sha256)
            os.utime(kept)
        except (OSError, ModelError):  # not there yet, or damaged: only the registered bytes count
            self._fetch(version, fetch)
        return kept

    def recall(self, classifier: str, version: int) -> RegisteredVersion | None:
        """A version that was fetched from this registry before and still is here."""
        for known in self.known(classifier):
            if known.version == version:
                return known
        return None

    def known(self, classifier: str) -> tuple[RegisteredVersion, ...]:
        """Versions of a classifier that were fetched from this registry and still are here."""
        found = []
        for note in sorted(self.folder.glob("*.json")):
            try:
                fields = json.loads(note.read_text(encoding="utf-8"))
                if fields.pop("registry") == self.registry and note.with_suffix("").is_dir():
                    found.append(parse_version(fields))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # a note that was cut short is as good as none: the version is fetched again
        return tuple(sorted((each for each in found if each.classifier == classifier), key=lambda each: each.version))

    def _fetch(self, version: RegisteredVersion, fetch: Fetch) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.folder / version.sha256
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".partial-") as partial:
            fetched = fetch(version, Path(partial))
            verify_artefact(fetched, version.sha256)
            note = Path(partial) / "note"
            note.write_text(json.dumps({**describe_version(version), "registry": self.registry}), encoding="utf-8")
            shutil.rmtree(kept, ignore_errors=True)
            try:
                os.rename(fetched, kept)
            except OSError:  # somebody else was as quick; theirs holds the same bytes
                verify_artefact(kept, version.sha256)
            os.replace(note, kept.with_name(f"{version.sha256}.json"))
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        folders = [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        for folder in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
            folder.with_name(f"{folder.name}.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def local_folder(location: str) -> Path | None:
    """A path or `file:` address as a path; None for an address on another machine."""
    parts = urlsplit(location)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(location) if location.startswith("/") else None


def require_digest(version: RegisteredVersion) -> None:
    """Raises ModelError for a version whose files nobody could verify."""
    if not version.sha256:
        raise ModelError(
            f"Expected {version.classifier} version {version.version} with its digest as tag vigia.sha256, "
            f"found none. Register it with `vigia train {version.classifier}`."
        )


def require_folder(folder: Path, version: RegisteredVersion) -> None:
    """Raises ModelError when the artefact that should lie on this machine is gone."""
    if not folder.is_dir():
        raise ModelError(
            f"Expected the artefact of {version.classifier} version {version.version} in {folder}, the folder is gone. "
            f"Restore it, or train again with `vigia train {version.classifier}`."
        )

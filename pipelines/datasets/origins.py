"""Where pictures of a dataset version came from: by their bytes, in whichever version they were."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.catalogue import PICTURES_FILE, read_pictures_file
from pipelines.datasets.drawn_mark import DRAWN_MARK
from pipelines.datasets.objects import VersionFile, find_cache, object_path, read_listing
from pipelines.datasets.present import label_of
from pipelines.datasets.versions import dataset_path
from pipelines.errors import DatasetError

DRAWN: Final = "drawn by `vigia data sample`"


@dataclass(frozen=True, slots=True)
class PictureOrigin:
    """One picture of a dataset version."""

    sha256: str
    file: str
    """Below data/raw/<classifier>."""
    label: str | None
    """Its class folder."""
    origin: str | None
    """Its path in the folder it was imported from, with that folder's name in front; or that it was drawn."""
    known_from: str
    """The record that says so."""
    object: Path | None
    """Its bytes in DVC's cache; None where the cache lacks them."""


def count_pictures(workspace: Path, md5: str) -> int | None:
    """Of the version with this hash; None where DVC's cache has no list of its files."""
    listing = read_listing(workspace, md5)
    return None if listing is None else sum(file.label is not None for file in listing)


def find_origins(workspace: Path, classifier: str, md5: str, digests: Collection[str]) -> dict[str, PictureOrigin]:
    """Those of the pictures with these SHA-256 that any record knows: the version's own pictures.csv, else the
    manifest of what is prepared now."""
    listing = read_listing(workspace, md5) or ()
    objects = {file.file: object_path(find_cache(workspace), file.md5) for file in listing}
    found = _from_catalogue(listing, objects, md5, digests)
    missing = set(digests) - found.keys()
    return found | (_from_manifest(workspace, classifier, objects, missing) if missing else {})


def _from_catalogue(
    listing: Collection[VersionFile], objects: dict[str, Path], md5: str, digests: Collection[str]
) -> dict[str, PictureOrigin]:
    catalogue = objects.get(PICTURES_FILE)
    if catalogue is None or not catalogue.exists():
        return {}
    return {
        row.sha256: _describe(row.sha256, row.file, row.origin, f"{PICTURES_FILE} of dataset version {md5}", objects)
        for row in read_pictures_file(catalogue)
        if row.sha256 in digests
    }


def _from_manifest(
    workspace: Path, classifier: str, objects: dict[str, Path], digests: Collection[str]
) -> dict[str, PictureOrigin]:
    from pipelines.datasets.manifest import read_manifest  # costs a third of a second, and is rarely needed

    prepared = workspace / "data" / "prepared" / classifier
    try:
        rows = read_manifest(prepared)
    except DatasetError:  # never prepared here: then nothing more is known
        return {}
    where = f"the manifest of data/prepared/{classifier}"
    unrecorded = DRAWN if _is_drawn(objects) else None
    return {
        row.sha256: _describe(
            row.sha256, row.path, row.origin if row.origin != row.path else unrecorded, where, objects
        )
        for row in rows
        if row.sha256 in digests
    }


def _is_drawn(objects: dict[str, Path]) -> bool:
    readme = objects.get("README.md")
    return readme is not None and readme.exists() and DRAWN_MARK in readme.read_text("utf-8", errors="replace")


def _describe(sha256: str, file: str, origin: str | None, known_from: str, objects: dict[str, Path]) -> PictureOrigin:
    held = objects.get(file)
    return PictureOrigin(
        sha256=sha256,
        file=file,
        label=label_of(file),
        origin=origin,
        known_from=known_from,
        object=held if held is not None and held.exists() else None,
    )


def explain_unknown(classifier: str, md5: str) -> str:
    """Why a picture's origin is not said, and what to do."""
    return (
        f"neither DVC's cache ({dataset_path(classifier)} at {md5}) nor the prepared pictures know it; "
        f"`vigia data pull {classifier}` brings a version back"
    )

"""From a source's name to a folder that `vigia data import` takes; whatever breaks on the way, run it again."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from pipelines.datasets.downloads.fetching import PATIENCE, FetchedFile, Patience, fetch_file, verify_file
from pipelines.datasets.downloads.progress import ProgressLine
from pipelines.datasets.downloads.source import RemoteFile, Source
from pipelines.datasets.downloads.unpacking import is_archive, unpack_archive
from pipelines.datasets.staging import check_free_space, clear_disk_errors
from pipelines.errors import DatasetError

RECORD_FILE: Final = "download.json"
"""Beside the pictures: what was fetched from where, and under which terms."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Download:
    """A source in its folder."""

    name: str
    path: str
    files: tuple[FetchedFile, ...]
    pieces: int
    """Files in the folder."""
    unchanged: bool
    """Everything was there already."""


def download_source(
    source: Source, into: Path, tell: Tell, *, given: str | None = None, patience: Patience = PATIENCE
) -> Download:
    """The source's files below `into`/NAME, unpacked; whole or not at all.

    `given` replaces the source's addresses: a file, or a folder, on this disk or on a server. Raises DatasetError or
    WorkspaceError with what has come kept in `into`/NAME.partial.
    """
    folder = into / source.name
    there = find_download(source, folder)
    if there is not None:
        return there
    files = choose_files(source, given)
    with clear_disk_errors(into), _lock(into, source.name) as work:
        check_free_space(into, _estimate_bytes(source, files))
        fetched = tuple(_fetch(file, work, tell, patience) for file in files)
        pieces = _unpack(files, work)
        record = Download(source.name, str(folder.absolute()), fetched, pieces, unchanged=False)
        _write_record(source, work / "unpacked", record)
        os.replace(work / "unpacked", folder)
    shutil.rmtree(work, ignore_errors=True)
    return record


def find_download(source: Source, folder: Path) -> Download | None:
    """What an earlier run left. Raises DatasetError for a folder that none left, or of which files are gone."""
    record = folder / RECORD_FILE
    if not folder.exists():
        return None
    if not record.is_file():
        raise DatasetError(
            f"Expected no folder at {folder}, found one that no download wrote. Name another with --into, or remove it."
        )
    document = json.loads(record.read_text(encoding="utf-8"))
    files = tuple(FetchedFile(**file) for file in document["files"])
    pieces = _count_files(folder)
    if pieces != document["pieces"]:
        raise DatasetError(
            f"Expected {document['pieces']:,} files in {folder} as they were unpacked, found {pieces:,}. Remove the "
            f"folder to fetch {source.name} anew."
        )
    return Download(source.name, str(folder.absolute()), files, pieces, unchanged=True)


def choose_files(source: Source, given: str | None) -> tuple[RemoteFile, ...]:
    """The files to fetch, with the addresses that `given` puts in the place of the source's own.

    Raises DatasetError when there is neither.
    """
    if given is None:
        if not source.files:
            raise DatasetError(
                f"Expected a source that can be fetched without an account or an agreement, {source.name} cannot. "
                f"Follow the steps: `vigia data download --list {source.name}`."
            )
        return source.files
    name = PurePosixPath(urlsplit(given).path).name
    known = {file.name: file for file in source.files}
    if name in known or is_archive(name):
        whole = known.get(name) or (source.files[0] if len(source.files) == 1 else RemoteFile(name, ()))
        return (replace(whole, name=name, addresses=(given,)),)
    if not source.files:
        raise DatasetError(f"Expected an archive of {source.name} (.zip, .tar, .tgz) after --from, received {given}.")
    return tuple(replace(file, addresses=(f"{given.rstrip('/')}/{file.name}",)) for file in source.files)


def _fetch(file: RemoteFile, work: Path, tell: Tell, patience: Patience) -> FetchedFile:
    """Into the work folder; a file of this disk stays where it is and is linked or copied."""
    address = file.addresses[0]
    if urlsplit(address).scheme not in ("http", "https"):
        return _take(file, Path(address).expanduser(), work)
    line = ProgressLine(file.name)
    try:
        fetched = fetch_file(file, work, line.show, patience)
    finally:
        line.finish()
    checked = "its digest is the published one" if fetched.verified else "no digest was published to compare it with"
    tell(f"{file.name}: {fetched.size_bytes / 1e6:,.1f} MB, {checked}")
    return fetched


def _take(file: RemoteFile, path: Path, work: Path) -> FetchedFile:
    if not path.is_file():
        raise DatasetError(f"Expected {file.name} at {path}, found nothing. Check the path after --from.")
    fetched = verify_file(file, path, set_aside=False)
    target = work / file.name
    target.unlink(missing_ok=True)
    target.symlink_to(path.absolute())
    return fetched


def _unpack(files: tuple[RemoteFile, ...], work: Path) -> int:
    """Every archive into one folder, other files beside what came out."""
    folder = work / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        path = work / file.name
        if is_archive(file.name):
            line = ProgressLine(f"unpacking {file.name}")
            unpack_archive(path, folder, lambda done, line=line: line.show(done, None))  # type: ignore[misc]
            line.finish()
        else:
            shutil.copyfile(path, folder / file.name)
    return _count_files(folder)


def _write_record(source: Source, folder: Path, download: Download) -> None:
    document = {
        "source": source.name,
        "home": source.home,
        "licence": source.licence,
        "users": source.users,
        "citation": source.citation,
        "files": [asdict(file) for file in download.files],
        "pieces": download.pieces,
    }
    (folder / RECORD_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _count_files(folder: Path) -> int:
    """Without the record itself."""
    files = sum(len(names) for _, _, names in os.walk(folder))
    return files - (folder / RECORD_FILE).is_file()


def _estimate_bytes(source: Source, files: tuple[RemoteFile, ...]) -> int:
    """Room for the archives and for what comes out of them: pictures do not pack, so about the same again."""
    packed = sum(file.size_bytes or 0 for file in files)
    return packed + (source.unpacked_bytes or packed)


@contextmanager
def _lock(into: Path, name: str) -> Iterator[Path]:
    """The work folder, for one process at a time. Raises DatasetError while another holds it."""
    from filelock import FileLock, Timeout

    work = into / f"{name}.partial"
    work.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(work / ".lock", timeout=0):
            yield work
    except Timeout as error:
        raise DatasetError(
            f"Expected to be the only one that fetches {name} into {into}, another process does. Wait for it."
        ) from error

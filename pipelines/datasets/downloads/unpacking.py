"""Archives from outside, unpacked so that nothing lands beside the folder and no bomb fills the disk."""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pipelines.datasets.staging import check_free_space
from pipelines.errors import DatasetError

SUFFIXES: Final = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
_TAR_MODES: Final[Mapping[str, Literal["r:", "r:gz", "r:bz2", "r:xz"]]] = {
    ".tar": "r:",
    ".tgz": "r:gz",
    ".gz": "r:gz",
    ".bz2": "r:bz2",
    ".xz": "r:xz",
}
LARGEST_RATIO: Final = 50
"""Unpacked bytes by packed ones: pictures are packed already, lists give 20."""
SMALL_BYTES: Final = 64 << 20
"""What may come out of any archive, however small."""
MOST_MEMBERS: Final = 2_000_000
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    size: int
    open: Callable[[], IO[bytes]]


def is_archive(name: str) -> bool:
    """By the name alone."""
    return name.lower().endswith(SUFFIXES)


def unpack_archive(archive: Path, folder: Path, show: Callable[[int], None]) -> int:
    """The files within, below `folder`; how many. `show` is told the bytes so far.

    Raises DatasetError for an archive that is broken or encrypted, whose files would land outside, that holds links
    or devices, or that unpacks to far more than it is; WorkspaceError when there is no room.
    """
    most = max(SMALL_BYTES, LARGEST_RATIO * archive.stat().st_size)
    count = done = 0
    try:
        with _open_members(archive, folder) as members:
            for member in members:
                if done + member.size > most or count >= MOST_MEMBERS:
                    raise DatasetError(
                        f"Expected {archive.name} to unpack to at most {most / 1e6:,.0f} MB in {MOST_MEMBERS:,} files, "
                        f"it holds more. It may be a bomb; unpack it by hand if you trust it."
                    )
                done = _write_member(member, _place(archive, folder, member.name), done, show)
                count += 1
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
        raise DatasetError(
            f"Expected a whole archive, {archive.name} is broken: {error}. Remove {archive.resolve()}, "
            f"then fetch it anew."
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: a method that it lacks, a password
        raise DatasetError(f"Expected {archive.name} to open without more, {error}. Unpack it by hand.") from error
    return count


@contextmanager
def _open_members(archive: Path, folder: Path) -> Iterator[Iterator[_Member]]:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            check_free_space(folder, sum(member.file_size for member in opened.infolist()))
            yield _list_zip(opened)
    else:
        with tarfile.open(archive, _TAR_MODES[archive.suffix.lower()]) as tar:
            yield _list_tar(tar)


def _list_zip(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for member in archive.infolist():
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refuse(member.filename, "is a link")
        if not member.is_dir():
            yield _Member(member.filename, member.file_size, lambda member=member: archive.open(member))  # type: ignore[misc]


def _list_tar(archive: tarfile.TarFile) -> Iterator[_Member]:
    for member in archive:
        if member.isfile():
            yield _Member(member.name, member.size, lambda member=member: _extract(archive, member))  # type: ignore[misc]
        elif not member.isdir():
            raise _refuse(member.name, "is a link or a device")


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(member)
    assert stream is not None, member.name  # noqa: S101 - only ordinary files come here
    return stream


def _place(archive: Path, folder: Path, name: str) -> Path:
    """Where a member goes. Raises DatasetError for a name that leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\x00" in name or "\\" in name:
        raise _refuse(name, f"leads out of {archive.name}")
    return folder / path


def _refuse(name: str, why: str) -> DatasetError:
    return DatasetError(
        f"Expected ordinary files in the archive, {name!r:.100} {why}. Nothing was kept; it is no archive to trust."
    )


def _write_member(member: _Member, path: Path, done: int, show: Callable[[int], None]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK_BYTES)
        written = target.tell()
    if written != member.size:
        raise EOFError(f"{member.name} has {written} of {member.size} bytes")
    show(done + written)
    return done + written

"""Members of a tar archive by their place in it; nothing is unpacked, and nothing in a header is believed."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from pipelines.datasets.manifest import Rejected

LONGEST_HEADER: Final = 1_000_000
"""Bytes that an archive may ask to hold in memory for the name of one member."""


@dataclass(frozen=True, slots=True)
class Member:
    """An ordinary file within an archive."""

    name: str
    offset: int
    size: int


def read_members(archive: Path, limit: int | None = None) -> Iterator[Member | Rejected]:
    """The ordinary files of an uncompressed archive, in their order, `limit` at most.

    Links, devices and names that lead out are rejected. A damaged archive gives what comes before the damage, and
    then its own name with the reason.
    """
    try:
        end = archive.stat().st_size
        with _BoundedReader(io.FileIO(archive)) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in islice(tar, limit):
                checked = _check(member, end)
                if checked is not None:
                    yield checked
            stream.seek(tar.offset)
            if limit is None and stream.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile takes damage for the end
                raise tarfile.ReadError(f"Damage after {tar.offset} bytes.")
    except (tarfile.TarError, OSError, ValueError, OverflowError, EOFError) as error:
        yield Rejected(archive.name, f"Expected an undamaged, uncompressed tar archive. {error}")


class _BoundedReader(io.BufferedReader):
    """What tarfile reads headers from: one that asks for gigabytes, or less than nothing, is damaged or hostile."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= LONGEST_HEADER:
            raise tarfile.ReadError(f"A header of {size} bytes.")
        return super().read(size)


def _check(member: tarfile.TarInfo, end: int) -> Member | Rejected | None:
    """None for what is neither file nor link, or hidden."""
    path = PurePosixPath(member.name)
    if member.size < 0:  # tarfile would go back there and read it for ever
        raise tarfile.ReadError(f"A member of {member.size} bytes.")
    if member.isdir() or path.name.startswith("."):
        return None
    if path.is_absolute() or ".." in path.parts:
        return Rejected(member.name, "Expected a name within the archive, received one that leads out.")
    if not member.isreg() or member.issparse():
        return Rejected(member.name, "Expected an ordinary file, received a link, a device or a file with holes.")
    if member.offset_data + member.size > end:
        return Rejected(member.name, "Expected the whole file, the archive ends before.")
    return Member(str(path), member.offset_data, member.size)

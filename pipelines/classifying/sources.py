"""What a person named on the command line: files, folders, patterns, standard input."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pipelines.datasets.class_folders import READ_SUFFIXES
from pipelines.errors import ImageError

STANDARD_INPUT: Final = "-"
VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".3gp", ".ogv", ".gif"}
)

Kind = Literal["picture", "video", "nothing"]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to classify, or a name behind which nothing was found."""

    kind: Kind
    path: str
    """Absolute; `-` is standard input."""
    reason: str = ""
    """Why there is nothing, and what to do."""


def find_sources(names: Iterable[str]) -> tuple[Source, ...]:
    """In the order of the names, a folder's files by path; what is named twice counts once."""
    found: dict[str, Source] = {}
    for name in names:
        for source in _expand(name):
            found.setdefault(source.path, source)
    return tuple(found.values())


def read_list(file: str) -> tuple[str, ...]:
    """Paths, one a line; empty lines are passed over. Raises ImageError for a list that cannot be read."""
    try:
        listed = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        return tuple(line for line in listed.decode("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"Expected a list of paths, one a line, in {file}. {error}. Correct --paths-from.") from error


def _expand(name: str) -> Iterator[Source]:
    if name == STANDARD_INPUT:
        yield Source("picture", STANDARD_INPUT)
        return
    path = os.path.abspath(name)
    if os.path.isdir(path):
        yield from _walk(path)
    elif os.path.exists(path):
        yield Source(_kind(path), path)
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))
        for match in matches:
            yield from _expand(match)
        if not matches:
            yield Source("nothing", path, "Expected files that match this pattern, found none. Correct the pattern.")
    else:
        yield Source(
            "nothing", path, "Expected a picture, a video or a folder, there is nothing here. Correct the path."
        )


def _walk(folder: str) -> Iterator[Source]:
    """Pictures and videos below a folder by their suffix; hidden files and folders are passed over."""
    paths = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [os.path.join(place, name) for name in files if not name.startswith(".")]
    kinds = [(path, _kind_of_suffix(path)) for path in sorted(paths)]
    known = [Source(kind, path) for path, kind in kinds if kind]
    yield from known
    if not known:
        suffixes = ", ".join(READ_SUFFIXES)
        yield Source(
            "nothing", folder, f"Expected pictures ({suffixes}) or videos in this folder, found none. Name another."
        )


def _kind(path: str) -> Kind:
    """By suffix, else by how the file begins; a stranger counts as a picture, whose decoder then says what is wrong."""
    return _kind_of_suffix(path) or _kind_of_content(path)


def _kind_of_suffix(path: str) -> Kind | None:
    suffix = Path(path).suffix.lower()
    if suffix in READ_SUFFIXES:
        return "picture"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _kind_of_content(path: str) -> Kind:
    try:
        with open(path, "rb") as stream:
            start = stream.read(16)
    except OSError:
        return "picture"
    # ISO media (mp4, mov) and Matroska name themselves at the start
    if start[4:8] == b"ftyp" or start.startswith(b"\x1aE\xdf\xa3"):
        return "video"
    return "picture"

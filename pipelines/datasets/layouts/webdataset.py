"""WebDataset: tar archives of samples, the files of a sample under one key: 000017.jpg, 000017.cls.

Aizman, Maltby and Breuel, "High Performance I/O for Large Scale Deep Learning", IEEE Big Data 2019. A key ends at
the first dot of the file's name.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.datasets.class_folders import is_picture_name
from pipelines.datasets.layouts.listing import Listing, SourcePicture
from pipelines.datasets.layouts.reading.archives import Member, read_members
from pipelines.datasets.layouts.reading.folders import list_files, list_folders, split_of_name
from pipelines.datasets.manifest import Rejected
from pipelines.errors import DatasetError

NEEDS: Final = "archives *.tar in which KEY.jpg stands beside its label in KEY.cls, KEY.json or KEY.txt"

LABEL_SUFFIXES: Final = ("cls", "json", "txt")
"""In the order in which they are believed."""
JSON_KEYS: Final = ("label", "class_name", "class", "cls", "category")
NAME_FILES: Final = ("classnames.txt", "class_names.txt", "classes.txt")
LONGEST_LABEL_FILE: Final = 65_536
LOOKED_AT: Final = 100
"""Members of the first archive that are looked at before a source is taken for WebDataset."""


@dataclass(slots=True)
class _Sample:
    """The files of one key."""

    pictures: list[Member] = field(default_factory=list)
    labels: dict[str, Member] = field(default_factory=dict)
    """By suffix."""


def recognise(folder: Path) -> str | None:
    """The archives, and a picture with its label among the first members."""
    archives = _find_archives(folder)
    samples, _ = _collect(archives[0], LOOKED_AT) if archives else ({}, [])
    suffix = next((min(each.labels) for each in samples.values() if each.pictures and each.labels), None)
    return f"{len(archives)} archives with pictures beside .{suffix} files" if suffix else None


def read(folder: Path) -> Listing:
    """A number as label is a place in classnames.txt, one name a line, where that file is; else its own name.

    Archives whose names say train, validation or test are official splits.
    """
    archives = _find_archives(folder)
    if not archives:
        raise DatasetError(f"Expected {NEEDS}, found none in {folder}. Give the folder that holds them.")
    names = _read_names(folder if folder.is_dir() else folder.parent)
    pictures, rejected = [], []
    for archive in archives:
        for each in _read_archive(folder, archive, names):
            if isinstance(each, Rejected):
                rejected.append(each)
            else:
                pictures.append(each)
    evidence = recognise(folder) or f"{len(archives)} archives"
    return Listing("webdataset", evidence, tuple(pictures), rejected=tuple(rejected))


def _find_archives(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder] if folder.suffix.lower() == ".tar" else []
    places = (folder, *(folder / name for name in list_folders(folder)))
    return [place / name for place in places for name in list_files(place) if name.lower().endswith(".tar")]


def _read_names(folder: Path) -> list[str]:
    file = next((folder / name for name in NAME_FILES if (folder / name).is_file()), None)
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()] if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"Expected a class name a line in {file}. {error}. Correct or remove it.") from error


def _read_archive(folder: Path, archive: Path, names: Sequence[str]) -> Iterator[SourcePicture | Rejected]:
    shown = archive.relative_to(folder).as_posix() if archive != folder else archive.name
    samples, rejected = _collect(archive, None)
    split = split_of_name(shown)
    yield from (
        Rejected(shown if each.file == archive.name else f"{shown}/{each.file}", each.reason) for each in rejected
    )
    if not samples:
        return
    with archive.open("rb") as stream:
        for sample in samples.values():
            if not sample.pictures:
                continue
            first, *others = (f"{shown}/{picture.name}" for picture in sample.pictures)
            yield from (Rejected(name, f"Expected one picture a key, {first} comes before it.") for name in others)
            label = _read_label(stream, sample, names)
            if isinstance(label, str):
                picture = sample.pictures[0]
                yield SourcePicture(label, archive, first, split, offset=picture.offset, size=picture.size)
            else:
                yield Rejected(first, str(label))


def _collect(archive: Path, limit: int | None) -> tuple[dict[str, _Sample], list[Rejected]]:
    """The files of each key, whether or not they stand side by side."""
    samples: dict[str, _Sample] = {}
    rejected = []
    for member in read_members(archive, limit):
        if isinstance(member, Rejected):
            rejected.append(member)
            continue
        folder, slash, file = member.name.rpartition("/")
        stem, _, suffix = file.partition(".")
        sample = samples.setdefault(folder + slash + stem, _Sample())
        if is_picture_name(file):
            sample.pictures.append(member)
        elif suffix.lower() in LABEL_SUFFIXES:
            sample.labels[suffix.lower()] = member
    return samples, rejected


def _read_label(stream: BinaryIO, sample: _Sample, names: Sequence[str]) -> str | ValueError:
    """The label, or why there is none."""
    suffix = next((suffix for suffix in LABEL_SUFFIXES if suffix in sample.labels), None)
    if suffix is None:
        return ValueError(f"Expected a label beside it, in a file of {', '.join(LABEL_SUFFIXES)}.")
    member = sample.labels[suffix]
    if member.size > LONGEST_LABEL_FILE:
        return ValueError(f"Expected a label in {member.name}, received {member.size} bytes.")
    stream.seek(member.offset)
    try:
        written = _parse_label(stream.read(member.size).decode("utf-8-sig"), suffix)
        return _name_class(written, names)
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())[:120]
        return ValueError(f"Expected a label in {member.name}. {words}")


def _parse_label(text: str, suffix: str) -> str:
    if suffix != "json":
        return text.strip()
    document = json.loads(text)
    fields = document if isinstance(document, dict) else {JSON_KEYS[0]: document}
    found = next((fields[key] for key in JSON_KEYS if key in fields), None)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise ValueError(f"None of {', '.join(JSON_KEYS)} holds a name or a number.")
    return str(found).strip()


def _name_class(written: str, names: Sequence[str]) -> str:
    if not names or not (written.isascii() and written.isdecimal()):
        return written
    if int(written) >= len(names):
        raise ValueError(f"Class {written} of {len(names)}.")
    return names[int(written)]

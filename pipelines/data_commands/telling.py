"""What every command that changes a dataset says at its end."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.terminal import print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.changes import ChangedPictures, DatasetChange

SHOWN = 20
"""Lines of one kind; the rest is counted."""


def tell_change(change: "DatasetChange", *, as_json: bool) -> None:
    """In words on stderr, or as the one JSON document."""
    if as_json:
        from dataclasses import asdict

        print_json(asdict(change))
        return
    rest = f"{change.rejected_file} names all" if change.rejected_file else "--json names all"
    _say_some((f"rejected {each.file}: {each.reason}" for each in change.rejected), len(change.rejected), rest)
    if change.pictures:
        _tell_pictures(change.pictures)
    say(printable(_sum_up(change)))
    say(_say_version(change))
    if change.git_commit is None and not change.dry_run:
        say(f"to keep this version: git add {change.path}.dvc data/raw/.gitignore params.yaml && git commit")


def printable(text: str) -> str:
    """On one line, whatever a file is called: what would move the cursor is written as in Python."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _tell_pictures(pictures: "ChangedPictures") -> None:
    rest = "--json names all"
    moves = (f"would relabel {each.file}, until now {each.before}" for each in pictures.relabelled)
    _say_some((f"would add {file}" for file in pictures.added), len(pictures.added), rest)
    _say_some((f"would remove {file}" for file in pictures.removed), len(pictures.removed), rest)
    _say_some(moves, len(pictures.relabelled), rest)


def _say_some(lines: Iterable[str], count: int, rest: str) -> None:
    for line, _ in zip(lines, range(SHOWN), strict=False):
        say(printable(line))
    if count > SHOWN:
        say(f"... and {count - SHOWN:,} more; {rest}")


def _sum_up(change: "DatasetChange") -> str:
    already = f"{change.duplicates:,} pictures were there already, {len(change.rejected):,} rejected"
    done = {"added": change.added, "removed": change.removed, "relabelled": change.relabelled}
    done |= {"annotated": change.annotated}
    parts = [f"{word} {count:,} pictures" for word, count in done.items() if count]
    if change.dry_run:
        return f"nothing was changed; it would have {', '.join(parts) or 'changed nothing'}; {already}"
    if not change.changed:
        return f"nothing changed: all {already}"
    return f"{', '.join(parts) or 'recorded what was changed by hand'}; {already}"


def _say_version(change: "DatasetChange") -> str:
    would = "would have" if change.dry_run else "has"
    version = f", version {change.md5}" if change.md5 and not change.dry_run else ""
    return f"{change.path} {would} {change.images:,} pictures of {change.classes} classes{version}"

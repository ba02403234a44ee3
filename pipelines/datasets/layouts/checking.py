"""What holds for every layout: links stay where they are, labels can be folders, a picture is named once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pipelines.datasets.layouts.listing import Listing, SourcePicture, class_folder
from pipelines.datasets.layouts.reading.folders import find_links
from pipelines.datasets.manifest import Rejected
from pipelines.errors import DatasetError

LONGEST_LABEL: Final = 200
"""Bytes of UTF-8; the name of a folder may have 255."""


def check_listing(source: Path, listing: Listing) -> Listing:
    """The listing without what no dataset can hold, which is rejected with its reason instead.

    A split of which there is only one says nothing and is dropped. Raises DatasetError when no picture remains.
    """
    links = find_links(source) if source.is_dir() else {}
    rejected = [*listing.rejected, *(Rejected(name, reason) for name, reason in links.items())]
    pictures = tuple(_keep_usable(listing.pictures, links, rejected))
    if len({picture.split for picture in pictures}) == 1:
        pictures = tuple(replace(picture, split=None) if picture.split else picture for picture in pictures)
    if not pictures:
        first = f"; {rejected[0].file}: {rejected[0].reason}" if rejected else "."
        raise DatasetError(
            f"Expected pictures in {source} ({listing.evidence}), none of the {len(rejected)} that it names can be "
            f"used{first}"
        )
    present = {picture.label for picture in pictures}
    classes = {class_folder(label): parts for label, parts in listing.classes.items()}
    return replace(
        listing,
        pictures=pictures,
        classes={label: parts for label, parts in classes.items() if label in present},
        rejected=tuple(Rejected(_writable(each.file), each.reason) for each in rejected),
    )


def _keep_usable(
    pictures: Iterable[SourcePicture], links: Mapping[str, str], rejected: list[Rejected]
) -> Iterator[SourcePicture]:
    behind = tuple(f"{name}/" for name in links)
    seen: dict[str, str] = {}
    for picture in pictures:
        if picture.name in links or picture.name.startswith(behind):
            continue  # the link itself is rejected, once
        label = class_folder(picture.label)
        reason = _refuse(picture.name, label, seen)
        seen.setdefault(picture.name, label)
        if reason is not None:
            rejected.append(Rejected(picture.name, reason))
        elif label == picture.label:
            yield picture
        else:
            yield replace(picture, label=label)


def _refuse(name: str, label: str, seen: Mapping[str, str]) -> str | None:
    if name in seen:
        return f"The source names it more than once, first as {seen[name]}."
    if not label.strip():
        return "Expected a label, received none that a folder can be named after."
    if _writable(name + label) != name + label:
        return "Expected a name in UTF-8. Rename the file or the folder."
    length = len(label.encode())
    if length > LONGEST_LABEL:
        return f"Expected a label of at most {LONGEST_LABEL} bytes, received {length}."
    return None


def _writable(name: str) -> str:
    """`name` itself, or, where its bytes are no UTF-8, something like it that can be written down."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

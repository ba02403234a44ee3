"""The pictures of a source, read once: hashed, checked, and put aside until it is known what becomes of them."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.layouts.listing import SourcePicture, read_picture
from pipelines.datasets.manifest import Rejected
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.images import check_image

PROGRESS_SECONDS: Final = 5.0

Tell = Callable[[str], None]
"""Takes one line for the person."""


@dataclass(frozen=True, slots=True)
class IncomingPicture:
    """A picture that can be used; its bytes are on the disk, not here."""

    picture: SourcePicture
    sha256: str
    suffix: str = ""
    """By its format, such as `.jpg`; empty for bytes that the dataset has already."""
    waiting: Path | None = None
    """Where the bytes that were hashed wait; None for those that the dataset has, and in a trial run."""


@dataclass(frozen=True, slots=True)
class CollectedPictures:
    """Everything that a source offered."""

    pictures: tuple[IncomingPicture, ...]
    """The first of its bytes each, in the order of the source."""
    duplicates: int
    """Further copies under the same label."""
    rejected: tuple[Rejected, ...]


def collect_pictures(
    pictures: Collection[SourcePicture], known: Collection[str], waiting_room: Path | None, tell: Tell
) -> CollectedPictures:
    """Read and check each picture whose sha256 is not `known`, and put its bytes into `waiting_room`.

    Memory does not grow with the pictures' bytes. What cannot be read or decoded is rejected with its reason; so are
    bytes that the source has under another label before. Raises OSError when `waiting_room` cannot be written.
    """
    found: dict[str, IncomingPicture] = {}
    rejected: list[Rejected] = []
    duplicates = 0
    for outcome in _report(map_in_threads(partial(_examine, known, waiting_room), enumerate(pictures)), pictures, tell):
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
            continue
        first = found.setdefault(outcome.sha256, outcome)
        if first is outcome:
            continue
        if outcome.waiting:
            outcome.waiting.unlink()
        if first.picture.label == outcome.picture.label:
            duplicates += 1
        else:
            rejected.append(reject_other_label(outcome.picture, first.picture.label))
    return CollectedPictures(tuple(found.values()), duplicates, tuple(rejected))


def reject_other_label(picture: SourcePicture, label: str) -> Rejected:
    """One picture, two labels: the first stays."""
    return Rejected(picture.name, f"The dataset has the same picture as {label}.")


def _examine(
    known: Collection[str], waiting_room: Path | None, numbered: tuple[int, SourcePicture]
) -> IncomingPicture | Rejected:
    number, picture = numbered
    try:
        content = read_picture(picture, DATASET_LIMITS.max_bytes)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in known:
            return IncomingPicture(picture, sha256)
        suffix = f".{check_image(content, limits=DATASET_LIMITS).lower().replace('jpeg', 'jpg')}"
    except ImageError as error:
        return Rejected(picture.name, " ".join(str(error).split()))
    except OSError as error:
        return Rejected(picture.name, f"Expected a readable file. {error.strerror}.")
    if waiting_room is None:
        return IncomingPicture(picture, sha256, suffix)
    waiting = waiting_room / str(number)
    waiting.write_bytes(content)  # outside the `try`: a disk that is full is no fault of the picture
    return IncomingPicture(picture, sha256, suffix, waiting)


def _report(
    outcomes: Iterable[IncomingPicture | Rejected], pictures: Collection[SourcePicture], tell: Tell
) -> Iterable[IncomingPicture | Rejected]:
    told = time.monotonic()
    for number, outcome in enumerate(outcomes, 1):
        yield outcome
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            tell(f"{number:,} of {len(pictures):,} pictures read")

"""Which pictures a page shows beside the findings: some of each class, and the ends of each measure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.datasets.manifest import ManifestRow
from pipelines.datasets.measures import Measures

A_CLASS: Final = 9
MOST_CLASSES: Final = 12
AN_END: Final = 9

ENDS: Final[tuple[tuple[str, Callable[[Measures], float], str], ...]] = (
    ("Most blurred", lambda m: -m.blur, "blur {:.2f}"),
    ("Darkest", lambda m: m.highlights, "lightest {:.0%}"),
    ("Brightest", lambda m: -m.shadows, "darkest {:.0%}"),
    ("Plainest", lambda m: m.entropy, "{:.1f} bits"),
)
"""Title, what is smallest at that end, and how it is told."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of pictures under one title."""

    title: str
    paths: tuple[str, ...]
    notes: tuple[str, ...]
    """One a picture; may be empty."""


def choose_glance(rows: Sequence[ManifestRow]) -> list[Strip]:
    """A few pictures of each class, by hash: always the same, and as good as drawn by lot."""
    classes: defaultdict[str, list[ManifestRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.sha256):
        classes[row.label].append(row)
    strips = []
    for label in sorted(classes)[:MOST_CLASSES]:
        chosen = classes[label][:A_CLASS]
        strips.append(Strip(label, tuple(row.path for row in chosen), ("",) * len(chosen)))
    return strips


def choose_extremes(rows: Sequence[ManifestRow], measures: Mapping[str, Measures]) -> list[Strip]:
    """The ends of each measure, and the longest pictures."""
    strips = []
    for title, measure, note in ENDS:
        chosen = sorted(rows, key=lambda row: (measure(measures[row.path]), row.path))[:AN_END]
        notes = tuple(note.format(abs(measure(measures[row.path]))) for row in chosen)
        strips.append(Strip(title, tuple(row.path for row in chosen), notes))
    longest = sorted(rows, key=lambda row: (-_aspect(row), row.path))[:AN_END]
    notes = tuple(f"{row.width}×{row.height}" for row in longest)
    return [*strips, Strip("Longest", tuple(row.path for row in longest), notes)]


def _aspect(row: ManifestRow) -> float:
    return max(row.width, row.height) / min(row.width, row.height)

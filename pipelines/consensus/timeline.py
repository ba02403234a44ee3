"""What a video shows when, told by a person or by the program that drew it."""

import csv
import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pipelines.errors import DatasetError

COLUMNS: Final = ("start_seconds", "end_seconds", "label")
DRAWN: Final = ("from_seconds", "to_seconds", "label")
"""Keys of the timeline that lies beside a drawn video."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a video that shows one thing; what lies between spans is not judged."""

    start_seconds: float
    end_seconds: float
    label: str
    place: str
    """Where it is written, for errors."""


def read_timeline(file: Path, class_names: Sequence[str]) -> tuple[Span, ...]:
    """From CSV with the columns of `COLUMNS`, or the JSON beside a drawn video; in the order of time.

    Raises DatasetError for a file that is neither, and for spans that overlap or whose labels the model does not know.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = _read_json(text) if file.suffix.lower() == ".json" else list(_read_csv(text))
    except OSError as error:
        raise DatasetError(f"Expected a timeline at {file}. {error.strerror}. Correct --labels.") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise DatasetError(
            f"Expected CSV with the columns {', '.join(COLUMNS)} in {file}. {error}. Correct the file."
        ) from error
    if not rows:
        raise DatasetError(f"Expected at least one span in {file}, found none. Write start_seconds,end_seconds,label.")
    spans = sorted((_build_span(place, row, file) for place, row in rows), key=lambda span: span.start_seconds)
    _check(spans, class_names, file)
    return tuple(spans)


def label_whole(label: str, class_names: Sequence[str]) -> tuple[Span, ...]:
    """One span from the beginning to the end. Raises DatasetError for a label that the model does not know."""
    span = Span(0.0, math.inf, label, "--label")
    _check([span], class_names, None)
    return (span,)


def label_at(spans: Sequence[Span], seconds: float) -> int | None:
    """Number of the span that a moment belongs to, of spans in the order of time; None between them."""
    number = bisect_right(spans, seconds + 1e-6, key=lambda span: span.start_seconds) - 1
    return number if number >= 0 and seconds < spans[number].end_seconds - 1e-6 else None


def _read_csv(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"Its first line lacks {', '.join(missing)}")
    for row in reader:
        yield f"line {reader.line_num}", row


def _read_json(text: str) -> list[tuple[str, dict[str, Any]]]:
    document = json.loads(text)
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise ValueError(f"A JSON timeline is a list of objects with {', '.join(DRAWN)}")
    return [
        (f"entry {number}", {name: each.get(key, each.get(name)) for name, key in zip(COLUMNS, DRAWN, strict=True)})
        for number, each in enumerate(document, 1)
    ]


def _build_span(place: str, row: dict[str, Any], file: Path) -> Span:
    try:
        start, end = float(row["start_seconds"]), float(row["end_seconds"])
    except (TypeError, ValueError):
        start = end = math.nan
    if not (0 <= start < end):
        raise DatasetError(
            f"Expected seconds from 0 on with the end behind the start, received {row['start_seconds']!r} to "
            f"{row['end_seconds']!r} in {place} of {file}. Correct the file."
        )
    return Span(start, end, str(row["label"] or "").strip(), place)


def _check(spans: Sequence[Span], class_names: Sequence[str], file: Path | None) -> None:
    where = f" of {file}" if file else ""
    for span in spans:
        if span.label not in class_names:
            known = ", ".join(class_names[:8]) + (", ..." if len(class_names) > 8 else "")
            raise DatasetError(
                f"Expected a label that the model knows ({known}), received {span.label!r} in {span.place}{where}. "
                "Correct it."
            )
    for one, two in pairwise(spans):
        if two.start_seconds < one.end_seconds - 1e-6:
            raise DatasetError(
                f"Expected spans that do not overlap, {one.place} ends at {one.end_seconds:g} s and {two.place} begins "
                f"at {two.start_seconds:g} s{where}. Correct the file."
            )

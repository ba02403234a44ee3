"""What a person decided about the labels of pictures: the file that is applied, and the log of what was."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.objects import name_files
from pipelines.errors import DatasetError

DROP: Final = "drop"
LOG_FILE: Final = "relabelled.csv"
"""In data/raw/<classifier>: a version says by itself what was corrected in it and why."""
LOG_COLUMNS: Final = ("sha256", "file", "before", "after", "reason")
SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Review:
    """The decision about one picture."""

    sha256: str
    label: str | None
    """Its class folder from now on; None: the picture is dropped."""
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of the log."""

    sha256: str
    file: str
    """Where the picture lay."""
    before: str
    after: str
    """Labels; `after` is empty for a picture that was dropped."""
    reason: str


def read_reviews(file: Path, reason: str = "") -> tuple[Review, ...]:
    """Rows of a CSV with the columns sha256, label and, where wanted, reason; `reason` is for rows without one.

    Raises DatasetError naming the lines that cannot be used, and pictures with two different decisions.
    """
    rows = _read_rows(file)
    wrong = [f"line {number}: {problem}" for number, row in rows if (problem := _find_problem(row))]
    if wrong:
        raise DatasetError(
            f"Expected in each row of {file} a sha256 of 64 hex digits and a label or `{DROP}`, "
            f"received {name_files(wrong)}. Correct these rows; nothing was changed."
        )
    reviews: dict[str, Review] = {}
    torn = []
    for number, row in rows:
        review = _parse(row, reason)
        first = reviews.setdefault(review.sha256, review)
        if first.label != review.label:
            torn.append(f"line {number}: {review.sha256[:12]}… {first.label or DROP} and {review.label or DROP}")
    if torn:
        raise DatasetError(
            f"Expected one decision a picture in {file}, received two for {name_files(torn)}. "
            "Delete those that are wrong; nothing was changed."
        )
    return tuple(reviews.values())


def read_log(raw: Path) -> tuple[Correction, ...]:
    """Every correction of this version, the oldest first; none where nothing was ever relabelled."""
    try:
        with (raw / LOG_FILE).open(newline="", encoding="utf-8") as stream:
            return tuple(Correction(*(row.get(name) or "" for name in LOG_COLUMNS)) for row in csv.DictReader(stream))
    except FileNotFoundError:
        return ()
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(
            f"Expected a CSV file in UTF-8 at {raw / LOG_FILE}. {error}. Correct or remove it."
        ) from error


def write_log(raw: Path, corrections: Iterable[Correction]) -> None:
    """The whole log, in the given order."""
    with (raw / LOG_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(LOG_COLUMNS)
        writer.writerows((each.sha256, each.file, each.before, each.after, each.reason) for each in corrections)


def read_dropped(raw: Path) -> dict[str, str]:
    """sha256 -> reason of each picture that a review dropped, so that importing its source again does not undo that."""
    last = {each.sha256: each for each in read_log(raw)}
    return {sha256: each.reason for sha256, each in last.items() if not each.after}


def _read_rows(file: Path) -> list[tuple[int, Mapping[str, str | None]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"sha256", "label"} - set(reader.fieldnames or ())
            rows: list[tuple[int, Mapping[str, str | None]]] = list(_number(reader))
    except OSError as error:
        raise DatasetError(f"Expected a CSV file at {file}, received: {error.strerror}. Check the path.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"Expected a CSV file in UTF-8 at {file}. {error}. Save it as such.") from error
    if missing or not rows:
        came = f"no column {' and '.join(sorted(missing))}" if missing else "no row"
        raise DatasetError(f"Expected the columns sha256 and label in {file} and a row a picture, found {came}.")
    return rows


def _number(reader: "csv.DictReader[str]") -> Iterator[tuple[int, Mapping[str, str | None]]]:
    for row in reader:
        yield reader.line_num, row


def _find_problem(row: Mapping[str, str | None]) -> str | None:
    if not SHA256.fullmatch((row["sha256"] or "").strip().lower()):
        return f"sha256 {row['sha256']!r}"
    return None if (row["label"] or "").strip() else "no label"


def _parse(row: Mapping[str, str | None], reason: str) -> Review:
    label = unicodedata.normalize("NFC", (row["label"] or "").strip())
    words = " ".join((row.get("reason") or "").split()) or reason
    return Review((row["sha256"] or "").strip().lower(), None if label == DROP else label, words)

"""A person's word on some frames: a CSV of frame_id and label, which decides where the two versions differ."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import DatasetError
from pipelines.evaluation.intervals import mcnemar_exact
from stream.shadow.judging.answers import Disagreement

COLUMNS = ("frame_id", "label")


@dataclass(frozen=True, slots=True)
class LabelledSample:
    """What a person's labels say about frames that both versions answered."""

    labelled: int
    """Labels in the file."""
    found: int
    """Of frames that both answered."""
    production_right: int
    challenger_right: int
    better: int
    """Frames that only the challenger has right."""
    worse: int
    p_value: float
    """That both are equally good (McNemar's exact test, two-sided)."""


def load_labels(file: Path) -> dict[str, str]:
    """Frame id to label; `unknown` for a frame that shows none of the classes. Rows without a label are left out.

    Raises DatasetError for a file that cannot be read, lacks a column, or has two labels for one frame.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise DatasetError(
                    f"Expected columns frame_id and label in {file}, found no {' and no '.join(missing)}. "
                    "Make one with `vigia shadow report CLASSIFIER --to-label FILE.csv`."
                )
            rows = [((row["frame_id"] or "").strip(), (row["label"] or "").strip()) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"Expected a CSV in {file}. {error}. Correct the file.") from error
    labels: dict[str, str] = {}
    for frame_id, label in rows:
        if label and labels.setdefault(frame_id, label) != label:
            raise DatasetError(
                f"Expected one label for frame {frame_id[:80]!r} in {file}, found {labels[frame_id]!r} and {label!r}. "
                "Remove one."
            )
    if not labels:
        raise DatasetError(f"Expected labels in {file}, found none. Fill in the column `label`.")
    return labels


def judge_labels(labels: Mapping[str, str], answers: Mapping[str, tuple[str, str]]) -> LabelledSample:
    """`answers` are production's and the challenger's, by frame id."""
    judged = [(said == labels[name], says == labels[name]) for name, (said, says) in answers.items() if name in labels]
    better = sum(says and not said for said, says in judged)
    worse = sum(said and not says for said, says in judged)
    return LabelledSample(
        labelled=len(labels),
        found=len(judged),
        production_right=sum(said for said, _ in judged),
        challenger_right=sum(says for _, says in judged),
        better=better,
        worse=worse,
        p_value=mcnemar_exact(better, worse),
    )


def write_frames_to_label(frames: Iterable[Disagreement]) -> str:
    """The same CSV with no labels yet, and what each version said beside them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "camera_id", "captured_at", "production", "challenger"))
    for each in frames:
        moment = each.captured_at.isoformat(timespec="seconds")
        writer.writerow((each.frame_id, "", each.camera_id, moment, each.production, each.challenger))
    return text.getvalue()

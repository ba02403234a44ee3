"""Reports of registered versions on disk: `<home>/reports/<classifier>/<versions>/<pictures>/report.html`.

They lie below the home and not in `models/`, for a version's number is that of the home's registry.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.datasets.shards import read_split
from pipelines.errors import DatasetError
from pipelines.evaluation.comparison import Comparison
from pipelines.evaluation.comparison_page import build_comparison_page
from pipelines.evaluation.labelled import LabelledPicture, decode_picture
from pipelines.evaluation.report_page import ReportHeading, build_report_page
from pipelines.evaluation.versions import Measured, OpenedVersion
from pipelines.images import decode_image

REPORT_FILE = "report.html"
FIGURES_FILE = "report.json"


def place_report(state: Path, classifier: str, versions: Sequence[int], data: Path | None) -> Path:
    """The folder of the report of these versions on these pictures; the same again takes its place."""
    numbers = "-and-".join(str(version) for version in versions)
    return state / "reports" / classifier / f"version-{numbers}" / _name_pictures(data)


def write_version_report(
    folder: Path, opened: OpenedVersion, measured: Measured, data: Path | None, prepared: Path
) -> Path:
    """The page and its figures; returns the page. Near training pictures are shown where they lie in `prepared`."""
    card = opened.card
    evaluation, pictures = measured.evaluation, measured.pictures
    digests = {digest for mistake in evaluation.mistakes for digest in mistake.nearest}
    training = _find_training_pictures(prepared, digests)
    heading = ReportHeading(
        title=f"{card.classifier} version {opened.version}: {len(card.class_names)} classes",
        lede=f"Looks at {card.image_size}x{card.image_size} pixels, trained on dataset version {card.dataset_md5[:8]}.",
        dataset=f"{len(pictures):,} pictures of {_describe_pictures(data)}, answered by the network that serves.",
    )
    page = build_report_page(
        heading,
        evaluation,
        measured.judged,
        lambda row: decode_picture(pictures[row]),
        lambda digest: decode_image(training[digest]) if digest in training else None,
    )
    return _write(folder, page, evaluation.document())


def write_comparison_report(
    folder: Path, classifier: str, comparison: Comparison, pictures: Sequence[LabelledPicture], data: Path | None
) -> Path:
    """The page and its figures; returns the page."""
    page = build_comparison_page(
        classifier, comparison, lambda row: decode_picture(pictures[row]), _describe_pictures(data)
    )
    return _write(folder, page, asdict(comparison))


def _write(folder: Path, page: str, figures: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FIGURES_FILE).write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")
    (folder / REPORT_FILE).write_text(page, encoding="utf-8")
    return folder / REPORT_FILE


def _name_pictures(data: Path | None) -> str:
    if data is None:
        return "test-split"
    place = data.resolve()
    return f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"


def _describe_pictures(data: Path | None) -> str:
    return f"the folder {data.resolve()}" if data else "this workspace's test split"


def _find_training_pictures(prepared: Path, digests: Collection[str]) -> dict[str, bytes]:
    """SHA-256 -> encoded picture, of those that are still there."""
    if not digests:
        return {}
    try:
        return {each.sha256: each.encoded for each in read_split(prepared, "train") if each.sha256 in digests}
    except DatasetError:
        return {}  # the version was trained elsewhere, or its pictures have gone

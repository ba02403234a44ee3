"""A prepared dataset of made pictures, and a trunk that sees their colour."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from pipelines.datasets.audit.auditing import audit_dataset
from pipelines.datasets.audit.findings import write_audit
from pipelines.datasets.manifest import ManifestRow, write_class_names, write_manifest
from pipelines.datasets.measures import write_measures
from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS, hash_position
from pipelines.images import Image
from pipelines.stage_params import AuditParams
from tests.pipelines.datasets.audit.made import ORDINARY, make_row

COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}


class ColourTrunk:
    """Stands in for the pretrained trunk: 16 numbers around the mean colour."""

    side = 16
    shape = (16,)

    def __init__(self) -> None:
        self.looked = 0

    def write_features(self, images: Iterable[Image], out: Any) -> None:
        for place, image in enumerate(images):
            colour = image.mean(axis=(0, 1)) / 255
            out[place] = np.tile(colour, 6)[:16]
            self.looked += 1


def make_prepared(folder: Path, *, mislabelled: Sequence[str] = (), a_class: int = 40) -> list[ManifestRow]:
    """data/raw and data/prepared of one classifier as `prepare` leaves them; mislabelled files have the other label."""
    raw = folder.parents[1] / "raw" / folder.name
    rows = []
    for label, colour in COLOURS.items():
        (raw / label).mkdir(parents=True, exist_ok=True)
        for number in range(a_class):
            path = f"{label}/{number:02}.jpg"
            shade = np.random.default_rng(number).integers(-30, 30, 3)
            pixels = np.full((36, 48, 3), np.clip(np.array(colour) + shade, 0, 255), np.uint8)
            PillowImage.fromarray(pixels).save(raw / path)
            given = next(name for name in COLOURS if (name == label) != (path in mislabelled))
            row = make_row(path, label=given, width=48, height=36)
            split = SPLITS[int(hash_position(row.sha256) * 3)]
            rows.append(make_row(path, label=given, split=split, width=48, height=36))
    write_prepared(folder, raw, rows)
    return rows


def write_prepared(folder: Path, raw: Path, rows: Sequence[ManifestRow]) -> None:
    """Everything that stands in data/prepared/<classifier>, in place of what stood there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = sorted({row.label for row in rows})
    for split in SPLITS:
        chosen = [row for row in rows if row.split == split]
        pictures = (
            PreparedPicture(row.path, row.sha256, names.index(row.label), (raw / row.path).read_bytes())
            for row in chosen
        )
        write_split(folder, split, pictures, len(chosen), 16)
    paths = [row.path for row in rows]
    measures = [ORDINARY] * len(rows)
    write_manifest(folder, rows)
    write_class_names(folder, names)
    write_measures(folder, paths, measures)
    write_audit(folder, audit_dataset(rows, dict(zip(paths, measures, strict=True)), [], [], AuditParams()))

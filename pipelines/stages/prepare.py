"""Stage `prepare`: pictures of data/raw/<classifier> become shards, a manifest and a report of what was rejected."""

import hashlib
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import Image as PillowImage

from pipelines.datasets.class_folders import (
    DATASET_LIMITS,
    LabelledFile,
    check_class_names,
    check_class_sizes,
    read_class_folders,
)
from pipelines.datasets.manifest import (
    ManifestRow,
    Rejected,
    write_class_names,
    write_manifest,
    write_rejected,
    write_summary,
)
from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS, assign_splits
from pipelines.datasets.staging import whole_folder
from pipelines.datasets.threads import map_in_threads
from pipelines.errors import ImageError
from pipelines.images import DEFAULT_LIMITS, Image, decode_image, resize_image
from pipelines.params import load_params
from pipelines.stage_params import PrepareParams
from pipelines.stages.running import run_stage

JPEG_QUALITY = 92
JPEG_MAGIC = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Kept:
    """A usable picture whose encoded bytes wait in the spool."""

    file: str
    label: str
    sha256: str
    width: int
    height: int
    offset: int
    size: int


def prepare(workspace: Path, classifier: str) -> None:
    """Write data/prepared/<classifier>, whole or not at all.

    Raises DatasetError when the pictures cannot make a dataset: none, one class, or too few in a class.
    """
    params = load_params(workspace).classifier(classifier).prepare
    raw = workspace / "data" / "raw" / classifier
    files = read_class_folders(raw)
    prepared = workspace / "data" / "prepared" / classifier
    with whole_folder(prepared) as folder, tempfile.TemporaryFile(dir=folder) as spool:
        kept, rejected = _spool(files, raw, params.max_side, spool)
        kept, doubled = _without_contradictions(kept)
        rejected += doubled
        names = check_class_names(file.label for file in files)
        counts = Counter({each.sha256: each.label for each in kept}.values())
        check_class_sizes({name: counts[name] for name in names}, params.min_per_class)
        rows = _write_shards(folder, kept, names, params, spool)
        write_manifest(folder, rows)
        write_class_names(folder, names)
        write_rejected(folder, rejected)
        write_summary(folder, rows, len(rejected))
    print(f"{classifier}: {len(rows)} pictures of {len(names)} classes, {len(rejected)} rejected", file=sys.stderr)


def _spool(
    files: Iterable[LabelledFile], raw: Path, max_side: int, spool: BinaryIO
) -> tuple[list[Kept], list[Rejected]]:
    """Decode every picture once; its encoded bytes go to the spool, so memory holds a few dozen pictures at most."""
    kept: list[Kept] = []
    rejected: list[Rejected] = []
    for outcome in map_in_threads(partial(_encode, raw, max_side), files):
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
            continue
        picture, encoded = outcome
        kept.append(replace(picture, offset=spool.tell()))
        spool.write(encoded)
    return kept, rejected


def _encode(raw: Path, max_side: int, file: LabelledFile) -> tuple[Kept, bytes] | Rejected:
    name = file.path.relative_to(raw).as_posix()
    try:
        content = file.path.read_bytes()
        image = decode_image(content, limits=DATASET_LIMITS)
    except (ImageError, OSError) as error:
        return Rejected(name, " ".join(str(error).split()))
    height, width = image.shape[:2]
    encoded = _scale_down(content, image, max_side)
    sha256 = hashlib.sha256(content).hexdigest()
    return Kept(name, file.label, sha256, width, height, offset=0, size=len(encoded)), encoded


def _scale_down(content: bytes, image: Image, max_side: int) -> bytes:
    """A JPEG of at most `max_side` that every reader's limits allow; the original bytes where they are that already."""
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    if scale == 1 and content.startswith(JPEG_MAGIC) and len(content) <= DEFAULT_LIMITS.max_bytes:
        return content
    shortest = DEFAULT_LIMITS.min_side
    scaled = resize_image(image, (max(shortest, round(height * scale)), max(shortest, round(width * scale))))
    stream = io.BytesIO()
    PillowImage.fromarray(scaled).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


def _without_contradictions(kept: list[Kept]) -> tuple[list[Kept], list[Rejected]]:
    """The same bytes under two labels teach nothing: none of them is used."""
    labels: dict[str, set[str]] = {}
    for each in kept:
        labels.setdefault(each.sha256, set()).add(each.label)
    clear = [each for each in kept if len(labels[each.sha256]) == 1]
    doubled = [
        Rejected(each.file, f"The same picture lies in {' and '.join(sorted(labels[each.sha256]))}.")
        for each in kept
        if len(labels[each.sha256]) > 1
    ]
    return clear, doubled


def _write_shards(
    folder: Path, kept: list[Kept], names: tuple[str, ...], params: PrepareParams, spool: BinaryIO
) -> list[ManifestRow]:
    splits = assign_splits({each.sha256: each.label for each in kept}, params.splits)
    # by hash: classes come mixed, and the order does not depend on names
    ordered = sorted(kept, key=lambda each: (each.sha256, each.file))
    for split in SPLITS:
        chosen = [each for each in ordered if splits[each.sha256] == split]
        pictures = (_load(each, names.index(each.label), spool) for each in chosen)
        write_split(folder, split, pictures, len(chosen), params.shard_pictures)
    return [ManifestRow(e.file, e.sha256, e.label, splits[e.sha256], e.width, e.height) for e in ordered]


def _load(kept: Kept, label_index: int, spool: BinaryIO) -> PreparedPicture:
    spool.seek(kept.offset)
    return PreparedPicture(kept.file, kept.sha256, label_index, spool.read(kept.size))


if __name__ == "__main__":
    run_stage(lambda paths: prepare(paths.workspace, paths.classifier))
